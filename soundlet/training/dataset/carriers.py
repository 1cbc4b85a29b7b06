"""What people write around the facts of a sound; nothing in it says how that sounds."""

from __future__ import annotations

OPENINGS = (
    "could you generate", "can u make", "pls make", "please create", "please generate", "make",
    "generate", "create", "render", "produce", "compose", "gimme", "get me", "i want",
    "i wanna have", "i'd love", "i would like", "i'd like to hear", "i'd like to get",
    "looking for", "searching for", "in search of", "can i get", "can i have", "could i have",
    "may i have", "might i ask for", "may i request", "hey, i want", "hello, could you make",
    "hi there, can you whip up", "hey can we have", "yo gimme", "we're after", "we need",
    "we would like", "we're looking for", "we could really use", "i could use", "i could do with",
    "i'm after", "i'm trying to get", "i'm hoping for", "hoping to get", "want", "need", "wanted:",
    "needed:", "wish for", "me want", "i wants", "is possible to have", "it is possible make",
    "please to make", "do me", "cook up", "whip up", "put together", "build", "build me", "write",
    "write me", "come up with", "design",
    "so i've been thinking about this all morning and what i really need is",
    "would you be so kind as to put together", "if it isn't too much trouble, could you produce",
    "my boss asked me this morning to find", "i've been searching everywhere and can't find",
    "not sure if you can do this, but i'd like", "okay so what i have in my head is",
)  # fmt: skip
"""What a request begins with, before what is wanted."""

INTRODUCTIONS = (
    "here we have", "here is", "here's", "here comes", "that's", "it's", "it is", "the sound of",
    "the sound is", "the sound i want is", "the sound should be", "imagine", "imagine hearing",
    "picture", "think of", "think", "it should be", "it should sound like", "it has to be",
    "it must be", "it needs to be", "it sounds like", "sounds like", "something like", "basically",
    "essentially", "in short,", "in a word:", "the clip is", "the clip should be",
    "this clip contains", "this clip features", "this recording contains", "this recording is",
    "the recording features", "the audio is", "the audio contains", "the file contains",
    "the sample is", "this sample features", "the piece is", "the music is",
    "the music consists of", "the result should be", "the result is", "the output should be",
    "expected result:", "the idea is", "the idea:", "my idea is", "what i hear in my head is",
    "what i have in mind is", "what you hear is", "you hear", "you can hear", "we hear",
    "one hears", "listen to",
)  # fmt: skip
"""The same of a description."""

PURPOSES = (
    "for my youtube channel", "for a youtube video", "to use as background of a cooking show",
    "for level two of a game", "for the first level of my game", "as the alarm of my phone",
    "as my ringtone", "as a ringtone for my sister", "as a notification on my phone",
    "for a podcast", "for the start of my podcast", "for the end of a podcast episode",
    "for my radio show", "for a local radio station", "for a tv commercial",
    "for an ad about shoes", "for an advert", "for a car commercial", "for a short film",
    "for my student film", "for a documentary", "for a documentary about bridges",
    "for a school project", "for my homework", "for a class presentation",
    "for a presentation at work", "for my slideshow", "for a slideshow of holiday pictures",
    "for my website", "for the landing page of our site", "for a mobile app",
    "for the menu of my app", "for the main menu of a video game", "for the loading screen",
    "for the credits", "to play under the end credits", "for the opening titles",
    "for a boss in my game", "for a game jam", "for an indie game", "for our stream",
    "for my twitch stream", "to play while the stream starts", "for a tiktok",
    "for an instagram story", "for a reel", "for my next song", "for my album",
    "for something i'm working on", "for a remix", "to sample in a new track",
    "to put in my sampler", "to drop into my project", "to layer in my session", "to talk over",
    "to sing over", "to practise over", "to jam along with", "for practising at home",
    "for my evening class", "for our theatre production", "for a school play", "for a puppet show",
    "for a museum exhibit", "for an art installation", "for a fashion show", "for a wedding video",
    "for my dad's birthday", "for a friend", "for a client", "for an online course",
    "for a tutorial", "for a product demo", "for an explainer video", "for a trade fair booth",
    "for a shop window", "for the lobby of a hotel", "for a waiting room",
    "for the phone queue of our company", "to play in my restaurant",
)  # fmt: skip
"""What a sound is for."""

PLAYED_BY = (
    "using {}", "using only {}", "with {}", "with {} only", "with just {}", "only {}", "just {}",
    "{} only", "{} on lead", "{} in the lead", "{} leading", "{} playing", "{} up front",
    "featuring {}", "feat. {}", "starring {}", "played by {}", "played on {}", "played with {}",
    "made with {}", "made from {}", "made of {}", "built from {}", "built around {}", "made by {}",
    "recorded with {}", "recorded on {}", "written for {}", "arranged for {}", "composed for {}",
    "instruments: {}", "instrumentation of {}", "instrumentation: {}", "where you can hear {}",
    "that uses {}", "that has {} in it", "coming from {}", "on {}", "by {}",
)  # fmt: skip
"""What plays."""

PROCESSED_WITH = (
    "run through {}", "ran through {}", "with a touch of {}", "with a bit of {}", "with some {}",
    "with lots of {}", "with {} added", "with {} on it", "with {} on top", "{} on the master",
    "{} on the main bus", "{} on the output", "{} added", "{} applied", "{} as effect", "add {}",
    "add some {}", "add a little {}", "put {} on it", "put it through {}", "put through {}",
    "sent through {}", "sent to {}", "fed into {}", "fed through {}", "going through {}",
    "processed with {}", "processed by {}", "processed using {}", "effected with {}",
    "effects: {}", "fx: {}", "fx chain: {}", "plus {}", "mixed with {}", "finished off with {}",
    "topped with {}", "drenched in {}", "dipped in {}", "using {} as an effect",
)  # fmt: skip
"""What is done to the sound."""

IN_KEY = (
    "key: {}", "key = {}", "key {}", "key of {}", "key is {}", "in key of {}", "in the key of {}",
    "in the key {}", "in the scale {}", "it's in {}", "it is in {}", "it should be in {}",
    "it needs to be in {}", "make it in {}", "keep it in {}", "tuned to {}", "set to {}",
    "composed in {}", "played in {}", "the key is {}", "its key is {}", "the scale is {}",
    "scale {}", "tonal center: {}", "tonic and mode: {}", "notes from {}", "using the {} scale",
    "using notes of {}", "{} key", "({})", "[{}]", "to match a song in {}", "staying in {}",
    "harmonically in {}", "in {}",
)  # fmt: skip
"""The key."""

AT_TEMPO = (
    "{} bpm", "{}bpm", "{} bpm tempo", "({} bpm)", "[{} bpm]", "@{}", "@ {} bpm", "@{}bpm",
    "at {} bpm", "at a tempo of {}", "at a tempo of {} bpm", "at a pace of {} bpm",
    "at about {} bpm", "at around {} bpm", "around {} bpm", "{} bpm please",
    "approximately {} bpm", "circa {} bpm", "roughly {} bpm", "somewhere near {} bpm",
    "exactly {} bpm", "precisely {} beats per minute", "tempo {}", "tempo: {}", "tempo={}",
    "tempo of {}", "tempo is {}", "tempo set to {}", "tempo around {}", "tempo should be {}",
    "tempo should be about {} bpm", "the tempo is {} bpm", "its tempo is {}", "with a tempo of {}",
    "with the tempo at {}", "with {} beats per minute", "with the metronome at {}",
    "metronome: {}", "metronome set to {}", "bpm: {}", "bpm={}", "bpm of {}", "bpm around {}",
    "goes at {} bpm", "going at {} bpm", "runs at {} bpm", "moving at {} bpm",
    "clocking in at {} beats per minute", "played at {} bpm", "set to {} bpm", "synced to {} bpm",
    "to fit a {} bpm project", "make it {} bpm", "it's {} bpm", "it goes {} beats per minute",
    "{} beats per minute", "{} beats every minute", "{} b.p.m.",
)  # fmt: skip
"""Whole beats per minute."""

IN_STYLE = (
    "{} style", "{}-style", "{} styled", "in {} style", "in the {} style", "in the style of {}",
    "in the manner of {}", "in the vein of {}", "in the tradition of {}", "in the genre of {}",
    "in the {} genre", "{}-flavoured", "with a {} flavour", "{}-inspired", "inspired by {}",
    "{}-influenced", "influenced by {}", "{}-like", "{}-ish", "{} type", "genre: {}",
    "genre is {}", "style of music: {}", "the style is {}", "like in {}", "like {}", "as in {}",
    "think {}", "going for {}", "it's {}", "typical of {}", "that fits {}",
    "that would fit a {} track", "something from {}", "from the world of {}", "for {} lovers",
    "straight out of {}", "a la {}", "{} music",
)  # fmt: skip
"""The genre."""

FEELING = (
    "it feels {}", "it should feel {}", "it has to feel {}", "feels {}", "feeling {}", "mood: {}",
    "mood is {}", "the mood is {}", "the mood should be {}", "the vibe is {}", "vibe: {}",
    "with a {} vibe", "with a {} mood", "with a {} feel", "with a {} atmosphere", "with {} vibes",
    "{} vibes", "{} vibe", "{} feel", "{} in mood", "{} in feel", "in a {} mood", "kind of {}",
    "kinda {}", "a bit {}", "a little {}", "rather {}", "very {}", "really {}", "so {}",
    "pretty {}", "super {}", "make it {}", "make it feel {}", "keep it {}", "it's {}",
    "on the {} side", "that makes you feel {}", "that comes across as {}",
    "giving a {} impression",
)  # fmt: skip
"""The mood."""

ASIDES = (
    "thanks in advance", "thanks", "thank you", "thanks a lot", "thanks so much", "many thanks",
    "thx", "ty", "tyvm", "cheers", "please", "pls", "pretty please", "if you can", "if possible",
    "if you don't mind", "if that's ok", "if it's not too much to ask", "nothing fancy",
    "make it nice", "as discussed", "as agreed on the phone", "as promised",
    "as per my last email", "as usual", "same as last time", "like we talked about",
    "you know the drill", "you know what i mean", "if you know what i mean",
    "client request no. four", "ticket for the audio team", "second attempt", "first try",
    "trying again", "let's see how this goes", "let's see what you can do", "surprise me",
    "your call on the rest", "the rest is up to you", "do what you think is best", "i trust you",
    "i leave the details to you", "no rush", "no hurry", "take your time", "asap",
    "needed by friday", "deadline is tomorrow", "i'm on a deadline", "it's for work",
    "just testing", "just curious", "just for fun", "just an idea", "just a thought",
    "not sure how to describe it", "hard to put into words", "hope that makes sense",
    "does that make sense", "sorry for my english", "sorry for the typos", "sorry to bother you",
    "first time using this", "i'm new here", "i am not a musician",
    "my friend recommended this tool", "been looking for this for ages", "can't find it anywhere",
    "lol", "haha", "hmm", "well", "you know", "i guess", "i think", "i mean", "or something",
    "or similar",
)  # fmt: skip
"""What says nothing at all."""

SEPARATORS = (
    ", ", " / ", " - ", "; ", " + ", " · ", " with ", "\n", " >> ", " | ", " & ", " and ", ". ",
    " ", ": ", " — ", " > ", ",", "/", " • ", " -> ", ", and ", "\n- ", " plus ", " // ",
)  # fmt: skip
"""What stands between the parts of a list."""

FRAMES = (
    "\"{}\"", "'{}'", "«{}»", "({})", "<{}>", "“{}”", "**{}**", "`{}`", "* {}", "> {}", "{}.",
    "{}!", "[{}]", "...{}...", "prompt = \"{}\"", "prompt: \"{}\"", "input: {}", "prompt: {}",
    "request: {}", "my request: {}", "task: {}", "description: {}", "description: \"{}\"",
    "subject: {}", "user: {}", "sound request: {} (end)", "start: {} :end", "<prompt>{}</prompt>",
    "\"prompt\": \"{}\"", "/imagine {}", "generate(\"{}\")", "please read carefully: {}",
    "here is my prompt: {}", "the request reads: {}", "the client wrote: \"{}\"",
    "new message: {}", "fwd: {}", "{} (end of request)", "{} -- end", "=== {} ===",
)  # fmt: skip
"""What stands around a prompt."""

LABELS = {
    "sound": (
        "sound", "type", "kind", "item", "subject", "content", "description", "desc", "want",
        "request", "category", "element", "part", "material", "source", "title", "name", "sample",
        "audio", "object", "what i want",
    ),
    "genre": (
        "genre", "music style", "musical style", "genre of music", "music genre", "sub-genre",
        "subgenre", "type of music", "kind of music", "genre tag", "style of music", "idiom",
        "school", "tradition", "scene",
    ),
    "instrument": (
        "instrument", "instruments", "instrumentation", "inst", "instr", "played on", "performer",
        "performed on", "main instrument", "lead instrument", "sound source", "line-up",
        "ensemble", "players", "arrangement", "gear",
    ),
    "mood": (
        "mood", "feeling", "vibe", "vibes", "emotion", "atmosphere", "character", "tone", "temper",
        "ambience", "sentiment", "expression", "attitude", "spirit", "moods", "emotional tone",
        "adjectives", "impression",
    ),
    "effect": (
        "effect", "effects", "fx", "processing", "efx", "post-processing", "effect chain",
        "fx chain", "plugins", "plugin", "pedals", "inserts", "sends", "audio effects",
        "production", "signal chain", "processed with", "mix effects",
    ),
    "key": (
        "key", "musical key", "key signature", "root", "tonic", "mode", "key/scale", "root note",
        "tonal center", "key and mode", "harmony", "tuning", "pitch center", "song key",
    ),
    "tempo": (
        "tempo", "pace", "bpm", "beats per minute", "tempo (bpm)", "metronome", "beats/min",
        "rate", "clock", "project tempo", "session tempo", "b.p.m.", "song tempo", "tempo in bpm",
        "metronome mark", "host tempo",
    ),
}  # fmt: skip
"""Names of the parts in a form."""
