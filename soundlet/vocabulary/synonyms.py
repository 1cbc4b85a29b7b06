"""Further words for what the vocabulary names, as people of many trades write them.

No caption has them, and `prompt` does not look for them. The text encoder learns from them that
other words mean the same (`training.wording`). Keys are the canonical names of the vocabulary's
tables. None is, or holds, a word that the evaluation keeps for itself.
"""

from __future__ import annotations

from collections.abc import Mapping


def _rows(table: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words.split("|")) for name, words in table.items() if words}


SYNONYMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "genres": _rows({
        "house": "progressive house|funky house|jackin house|soulful house|electro house"
            "|future house|bass house|afro house|french house|filter house|tropical house"
            "|piano house|vocal house|ibiza house|latin house|tribal house|slap house"
            "|house groove|housey|house beat|jacking house|big room house|melodic house"
            "|ghetto house",
        "techno": "berlin techno|tekno|tech-no|detroit style|peak time techno|driving techno"
            "|melodic techno|hypnotic techno|raw techno|underground techno|schranz|hardgroove"
            "|hardgroove techno|dark techno|techno beat|techno style|techno groove"
            "|machine techno|ebm techno|rolling techno",
        "trance": "uplifting trance|vocal trance|progressive trance|hard trance|tech trance"
            "|dream trance|epic trance|eurotrance|hands-up trance|balearic trance|trance style"
            "|trance anthem|90s trance|trancey|acid trance|melodic trance|supersaw trance"
            "|ibiza trance",
        "drum and bass":
            "drum 'n' bass|drumnbass|drum n' bass|drum+bass|drum-and-bass|d n b|d'n'b|dnb music"
            "|jump up|jump-up dnb|jump-up|techstep|rollers|dnb roller|dancefloor dnb"
            "|rolling dnb|drumfunk|darkstep|atmospheric dnb|dnb style|drumstep|uk dnb"
            "|halftime dnb",
        "jungle":
            "junglist|raggajungle|ragga dnb|amen|chopped amen|hardcore jungle|old skool jungle"
            "|old-school jungle|darkside jungle|jungle techno|jungle style|jungle beat"
            "|amen jungle|94 jungle|uk jungle|intelligent jungle|atmospheric jungle"
            "|junglist style",
        "dubstep": "wobble|wobble bass|riddim|riddim dubstep|deep dubstep|dubstep beat|dubsteppy"
            "|croydon dubstep|melodic dubstep|half-time dubstep|chillstep|deathstep|dub-step"
            "|uk bass wobble|140 dubstep|halfstep|briddim|colour bass|wobbly dubstep",
        "hip hop": "rap music|rap beat|hip hop beat|hip-hop beat|hiphop beat|gangsta rap|g-funk"
            "|west coast|west coast rap|east coast rap|rap instrumental|underground hip hop"
            "|conscious rap|golden age rap|hip hop groove|hip hop music|hip-hop music|jazz rap"
            "|new york rap|street rap|mpc beat|crunk|hyphy|90s rap",
        "trap": "trap beat|rage beat|808 trap|trap hip hop|dark trap|trappy|mumble rap|hard trap"
            "|trap instrumental|latin trap|edm trap|festival trap|trap banger|trap drums"
            "|cloud rap|808 beat",
        "lo-fi": "lofi beats|lo-fi beats|lofi beat|study beats|chill hop|chill-hop|lofi chill"
            "|lofi study|jazzhop|jazz hop|lo-fi chill|bedroom beats|lofi music|lo-fi music"
            "|lofi style|lofi girl|sleepy beats|lowfi|low-fi|study music|lofi jazz|tape beats"
            "|coffee shop beats",
        "rock": "rock 'n' roll|rock n roll|alt rock|alt-rock|rocky|rock style|rock band|grunge"
            "|psychedelic rock|prog rock|progressive rock|blues rock|surf rock|70s rock"
            "|stoner rock|post-rock|britpop|southern rock|guitar rock|60s rock|indie guitar"
            "|90s rock|stadium rock|college rock|rock groove",
        "metal": "death metal|black metal|metalcore|power metal|thrash-metal|speed metal|nu metal"
            "|nu-metal|djent|groove metal|deathcore|progressive metal|industrial metal"
            "|metallic rock|headbanging|extreme metal|blast beats|symphonic metal|80s metal"
            "|glam metal|metal riff|hair metal|heavy metal style|gothic metal",
        "funk": "p funk|jazz-funk|jazz funk|funkadelic|slap funk|motown funk|rare groove"
            "|funk groove|seventies funk|new orleans funk|funk rock|old funk|deep funk"
            "|funky groove|60s funk|clavinet funk|blaxploitation|funk beat|funky soul",
        "disco": "italo disco|italo|euro disco|eurodisco|nu-disco|cosmic disco|disco beat"
            "|discotheque|disco groove|seventies disco|disco style|space disco|80s disco|boogie"
            "|philly disco|disco boogie|disco pop|post-disco|saturday night fever|glitterball",
        "reggae": "ska|rock steady|lovers rock|one drop|one-drop|jamaican|rasta|skank|skanking"
            "|rub a dub|rub-a-dub|roots and culture|reggae beat|reggae groove|caribbean"
            "|nyabinghi|steppers|reggae rock|ragga reggae|rastafarian|irie",
        "bossa nova":
            "bossa-nova|bossa jazz|samba|samba jazz|jazz samba|mpb|brazil|brazilian jazz"
            "|samba-canção|bossa groove|bossa beat|brasil|brasileiro|rio de janeiro|bossa style"
            "|nova bossa",
        "latin": "cha cha|cha-cha-cha|merengue|bachata|cumbia|rumba|son cubano|salsa music"
            "|salsa dura|latino|latina|tropical latin|guaguanco|latin groove|latin style"
            "|latin beat|bolero|timba|afrocuban|latin american|south american|montuno",
        "reggaeton":
            "reggaetón|raggaeton|reggeaton|regaeton|regaetón|reguetón|regueton music|dem bow"
            "|dembow beat|reggaeton beat|perreo beat|neo perreo|neoperreo|puerto rican urban"
            "|musica urbana|moombahton|old school reggaeton|reggaeton style|latin urban pop"
            "|dembow rhythm",
        "jazz": "jazzy|big band|dixieland|new orleans jazz|latin jazz|modal jazz|free jazz"
            "|smooth jazz|fusion|jazz fusion|gypsy jazz|acid jazz|ragtime|post-bop|vocal jazz"
            "|jazz trio|swing music|jazz combo|jazz style|bop|be-bop|manouche|nu jazz|hot jazz",
        "synthwave": "darksynth|dreamwave|synth-wave|retro synth|retro wave|retro-wave|80s retro"
            "|eighties synth|neon synth|neon 80s|drive soundtrack|outrun electro"
            "|cyberpunk synth|retro electro|retro 80s|new retro wave|synthwave style"
            "|80s electronic|futuresynth|popwave|spacesynth",
        "downtempo": "down-tempo|triphop|bristol sound|chill-out|ibiza chill|cafe del mar"
            "|electronica chill|chilled electronica|mid-tempo electronica|slow beats|downbeat"
            "|organic downtempo|psydub|psychill|chilled beats|downtempo electronica"
            "|abstract beats|downtempo style",
        "uk garage": "2step|2 step|two step|two-step|future garage|bassline garage|4x4 garage"
            "|garage music|uk garage style|ukg style|2-step garage|2step garage|uk 2-step"
            "|garage shuffle|u.k. garage|ukgarage|u k garage|london garage|bassline house"
            "|shuffly garage",
        "breakbeat": "nu-skool breaks|nu school breaks|florida breaks|breaky|funky breaks"
            "|breakbeat style|break-beat|break beats|bigbeat|progressive breaks|electro breaks"
            "|acid breaks|bboy breaks|breakbeat hardcore|rave breaks|broken beat|broken beats"
            "|block rockin beats|break music",
        "pop": "poppy|chart pop|top forty|synth-pop|synthpop|electropop|electro pop|bubblegum pop"
            "|teen pop|k-pop|kpop|j-pop|europop|bedroom pop|power pop|pop song|pop hit"
            "|radio friendly|commercial pop|modern pop|pop style|90s pop|teenage pop|pop ballad"
            "|pop anthem|charts",
        "ambient": "drone|drone music|space ambient|space music|soundscape|ambient soundscape"
            "|dark ambient|ambience|atmospheric music|beatless|meditative|meditation music"
            "|yoga music|sleep music|relaxation music|new-age|soundscapes|ambient drone"
            "|ambient texture|healing music|beatless electronica|deep listening"
            "|ambient pad music",
        "classical": "classic orchestral|orchestra|symphony|romantic era|string quartet|chamber"
            "|chamber ensemble|concerto|sonata|viennese classical|renaissance|impressionist"
            "|neoclassical|neo-classical|modern classical|concert hall music|baroque music"
            "|orchestral music|piano recital|symphonic music",
        "cinematic": "filmic|movie soundtrack|film soundtrack|movie music|trailer|hollywood"
            "|hollywood score|ost|film music score|underscore|blockbuster|epic trailer"
            "|epic score|trailer style|hybrid orchestral|movie style|screen score|cinema"
            "|cinematic score|cinematic music|tv score|scoring|motion picture score"
            "|epic orchestral",
        "folk": "folksy|folky|country music|country and western|indie folk|singer-songwriter"
            "|celtic folk|irish folk|hillbilly|nashville|honky tonk|honky-tonk|alt country"
            "|alt-country|roots music|folk rock|old time|old-timey|campfire|campfire song"
            "|fingerpicked folk|english folk|banjo music|neofolk|folk style|troubadour|hoedown",
        "chiptune": "chip tune|chip music|chiptunes|8bit|eight bit|16-bit|16 bit|gameboy|game boy"
            "|nintendo|sega|c64|commodore 64|sid chip|arcade|arcade game|videogame"
            "|videogame music|retro gaming|pixel|atari|old video game|8-bit music|chipmusic"
            "|bitpop|snes|tracker music",
        "world": "worldbeat|world beat|world fusion|ethno|ethnic music|indian|bollywood|arabic"
            "|middle eastern|middle-eastern|african|afrobeat|asian|chinese|japanese|balkan"
            "|klezmer|turkish|persian|tribal|traditional music|world-music|tribal music|raga"
            "|far eastern|balinese|andean|gamelan",
    }),
    "styles": _rows({
        "deep house":
            "deep-house|deep house style|soulful deep house|deep house groove|deep house beat"
            "|late night house|jazzy house|organic house|chilled house|chill house"
            "|deep garage house|deep underground house|mellow house|warm house|smooth house"
            "|deep vocal house|beach house|sunset house",
        "tech house":
            "tech house music|tech-house style|tech house style|tech house groove|techy house"
            "|technoid house|tech house beat|minimal tech house|rolling tech house"
            "|ibiza tech house|groovy tech house|funky tech house|peak time house"
            "|hypnotic tech house|latin tech house|tech-y house|techno house|uk tech house"
            "|house-techno|housey techno",
        "acid house": "acid-house|acid house music|acid house style|acidic house|acid chicago"
            "|chicago acid|303 house|tb-303 house|squelchy house|squelchy acid house|acieed"
            "|aciiied|smiley house|madchester house|80s acid house|acid jack"
            "|warehouse acid house|acid 303 house",
        "minimal techno":
            "minimal tech|minimalistic techno|mnml|mnml techno|microtechno|micro-techno"
            "|minimalist techno|minimal techno style|sparse techno|stripped-down techno"
            "|stripped back techno|click techno|clicks and cuts|bleepy minimal|romanian minimal"
            "|rominimal|microhouse|loopy minimal|stripped techno",
        "hard techno":
            "hard-techno|hard techno style|schranz|tough techno|brutal techno|distorted techno"
            "|rave hard techno|warehouse hard techno|fast techno|heavy techno|aggressive techno"
            "|hard industrial techno|hardcore techno|banging techno|pounding techno"
            "|hammering techno|birmingham techno|rumble techno|industrial hardcore|noise techno"
            "|gabber techno|dark hard techno|pummelling techno",
        "dub techno": "dub-techno|dubby techno|dub techno style|echo techno|ambient dub techno"
            "|dubbed-out techno|dubbed out techno|berlin dub|dub chord techno|dub chords"
            "|deep dubby techno|foggy techno|underwater techno|hazy techno|dub tech"
            "|minimal dub techno|dubbed techno",
        "acid techno": "acid-techno|acidtechno|acid tek|acidcore|acidic techno|tb-303 techno"
            "|303 acid techno|squelchy techno|squat party techno|london acid techno"
            "|free party acid|london acid|acid techno style|squelchy 303 techno"
            "|hard acid techno|rave acid|acid rave|acid techno rave|freetekno acid",
        "psytrance": "psy-trance|psy|psytrance music|psytrance style|full on psytrance|full-on"
            "|full-on psy|darkpsy|dark psy|forest psy|progressive psy|prog psy"
            "|progressive psytrance|hitech psy|hi-tech psytrance|psychedelic rave"
            "|israeli trance|psyprog|twilight psy",
        "liquid drum and bass":
            "liquid|liquid d'n'b|liquid d n b|liquid drum & bass|liquid drum n bass"
            "|liquid drum 'n' bass|liquid funk|liquidfunk|liquid drum'n'bass"
            "|soulful drum and bass|soulful dnb|melodic dnb|melodic drum and bass|smooth dnb"
            "|vocal dnb|jazzy dnb|mellow drum and bass|chilled dnb|rolling liquid|liquid roller"
            "|deep liquid",
        "neurofunk": "neuro funk|neuro-funk|neurohop|neuro drum and bass|neuro d&b|neurofunk dnb"
            "|neurofunk drum and bass|neurofunk style|ed rush and optical|techy dnb|tech dnb"
            "|reese dnb|growling dnb|dark technical dnb|sci-fi dnb|cyber dnb|neuro bass dnb"
            "|robotic dnb|heavy neuro",
        "brostep": "bro-step|bro step|tear-out|tear out|tearout dubstep|aggressive dubstep"
            "|filthy dubstep|hard dubstep|screechy dubstep|growl dubstep|growly dubstep"
            "|american dubstep|deathstep|festival dubstep|robot dubstep|transformer dubstep"
            "|metalstep|brutal dubstep|mid-range dubstep",
        "boom bap": "boombap|boom bap hip hop|boom-bap hip hop|boom bap rap|boom bap style"
            "|boom bap beat|boombap beat|golden era hip hop|golden age hip hop|90s hip hop"
            "|90s east coast|new york hip hop|east coast hip hop|sp-1200 beat|mpc hip hop"
            "|dusty hip hop|90s ny rap|dusty break hip hop|head nod beat",
        "old school hip hop":
            "old-school hip hop|old skool hip hop|old school rap|old-school rap|old skool rap"
            "|oldskool rap|80s hip hop|80s rap|early hip hop|eighties rap|electro hip hop"
            "|electro funk rap|block party rap|808 electro|old school hiphop|beat box rap",
        "punk rock":
            "punk-rock|punky|punkish|pop-punk|hardcore punk|skate punk|skatepunk|garage punk"
            "|77 punk|70s punk|uk punk|street punk|punk music|punk style|d-beat|melodic punk"
            "|three chord punk|oi punk",
        "hard rock": "hard-rock|hardrock|hard rock style|hard rock music|stadium rock|80s rock"
            "|70s hard rock|hair rock|riff rock|heavy blues rock|loud rock|big rock|power rock"
            "|stoner rock|biker rock|glam rock|sleaze rock",
        "soft rock":
            "soft-rock|softrock|mellow rock|yacht rock|west coast rock|aor|adult contemporary"
            "|adult oriented rock|light rock|easy listening rock|rock ballads|power ballad"
            "|gentle rock|slow rock ballad|smooth rock|70s soft rock|soft rock ballad"
            "|acoustic rock|lite rock|calm rock|love ballad rock",
        "doom metal": "doom-metal|doomy metal|doomy|sludge|sludgy metal|stoner metal|stoner doom"
            "|stoner sludge|funeral doom|death doom|drone metal|slow metal|slow heavy metal"
            "|crushing slow metal|epic doom|traditional doom|sludge doom|doom rock"
            "|down-tuned metal",
        "dub": "dubby|dubbed out|dub style|dubwise|dub wise|roots dub|lee scratch perry"
            "|jamaican dub|dub version|dub mix|dub version reggae|echo reggae|digidub"
            "|digital dub|steppers dub|uk dub|heavy dub|dub roots|spacey reggae",
        "jazz ballad":
            "jazz-ballad|jazz ballads|jazzy ballad|ballad-style jazz|slow jazzy|smoky jazz"
            "|late night jazz|late-night jazz|romantic jazz|torch song|slow swing|brushed jazz"
            "|mellow jazz|tender jazz|gentle jazz|quiet jazz|sad jazz|moody jazz|film noir jazz"
            "|noir jazz|candlelit jazz|soft jazz|intimate jazz|midnight jazz",
    }),
    "moods": _rows({
        "happy": "glad|jovial|cheery|upbeat and happy|smiling|smiley|good-humoured|good mood"
            "|feel good|delighted|joyous|jaunty|carefree|chirpy|sunshiny|summery|blissful"
            "|contented|good-natured|jubilant|perky|sunny-sounding",
        "sad": "melancholical|unhappy|gloomy and sad|tear-jerking|tearjerker|downcast|blue"
            "|bluesy sad|doleful|grieving|sombre|somber|heart-breaking|heartbreaking|depressing"
            "|depressed|moody sad|bittersweet|plaintive|broken-hearted|mourning|weepy|miserable"
            "|melancholia",
        "dark": "evil|scary|grim|foreboding|threatening|murky|creepy dark|noir|gothic|demonic"
            "|horror|doomy|dread-filled|nightmarish|occult|satanic|sinister-sounding|wicked"
            "|nocturnal|ghastly|dystopian|infernal|dark-sounding",
        "bright": "luminous|glowing|glittering|glistening|twinkling|dazzling|light-filled|vivid"
            "|vibrant|crystalline|glassy|glittery|sparkly|brightly coloured|colourful|colorful"
            "|bright-sounding|glinting|lustrous|lit-up|beaming|golden|sunlit",
        "calm":
            "calming|quiet|still|relaxation|meditative|sleepy|hushed|pacific|zen|soft and calm"
            "|at peace|untroubled|pastoral|composed|lullaby-like|balmy|unruffled|soporific"
            "|comforting|contemplative|tranquillity|de-stressing|peaceable",
        "energetic":
            "high energy|energised|energized|full of energy|hyper|pumped up|amped|dynamic"
            "|animated|exciting|excited|hyped|hype|party|banging|peppy|zippy|fiery|electrifying"
            "|adrenaline|exhilarating|action-packed|dance-y|kicking",
        "dreamy": "dreamlike|dream-like|floaty|hypnagogic|misty|angelic|cloudy|trance-like"
            "|psychedelic|airy and dreamy|trippy|spaced-out|spacey|cosmic|blissed-out|woozy"
            "|shoegazy|shoegaze|reverie|daydreaming|dream pop|lush and dreamy",
        "aggressive":
            "aggro|furious|ferocious|vicious|mean|nasty|hard-edged|rage-filled|rage|hate-filled"
            "|wild and angry|in-your-face|ruthless|merciless|combative|belligerent|snarling"
            "|growling|attacking|beastly|enraged|mad|harsh|filthy|warlike",
        "mysterious":
            "mystical|mystic|creepy|ghostly|weird|strange|arcane|secretive|unsettling|suspense"
            "|mystery|intriguing|puzzling|spectral|detective|spy|thriller|unearthly"
            "|twilight zone|tense|tension-filled|paranormal|esoteric",
        "chill": "chilled|chilled out|chilled-out|chilling|chillin|easy-going|easy going|loungey"
            "|loungy|laidback|unwound|smooth and easy|nonchalant|relaxed groove|sunday morning"
            "|beachy|low-key|lowkey|mellowed|mellow vibe|cosy|casual|vibey",
        "driving": "unrelenting|insistent|charging|thumping|nonstop|non-stop|forward-driving"
            "|forward-moving|motorik|chugging|galloping|thrusting|hammering|motoring|rolling"
            "|surging|steady-driving|full steam|tireless|throbbing|forward momentum"
            "|steamrolling",
        "epic":
            "larger-than-life|glorious|victorious|grandiose|imposing|sweeping|legendary|mythic"
            "|noble|regal|royal|bombastic|awe-inspiring|magnificent|dramatic|stately|towering"
            "|valiant|conquering|battle|fantasy epic|blockbuster|stadium-sized",
        "playful": "fun-loving|goofy|cheeky|mischievous|comical|comedic|funny|cartoonish|cartoon"
            "|childlike|child-like|humorous|zany|wacky|jokey|frolicking|impish|kooky|bubbly"
            "|sprightly|clownish|toy-like|kids|children's|skipping|frolicsome|lighthearted"
            "|light-hearted",
        "uplifting": "feel-good anthem|feelgood|elevating|anthemic|inspirational|encouraging"
            "|motivational|motivating|positive|hands-in-the-air|heartening|exalting|ecstatic"
            "|euphoria|elated|empowering|heartwarming|heart-warming|hope-filled|spirit-lifting"
            "|buoyant|rapturous|exultant",
        "lonely": "lonesome|alone|bereft|deserted|barren|all alone|secluded|forsaken|loneliness"
            "|solitude|wasteland|homesick|windswept|left behind|one-man|friendless|estranged"
            "|desert-like|remote|stark and empty",
        "fast": "up-tempo|up tempo|high tempo|high-tempo|swift|hurried|racing|hasty|high-speed"
            "|frantic|frenetic|rushing|lightning-fast|super fast|very fast|double-time"
            "|double time|hectic pace|presto|allegro|vivace|quick-paced|quick tempo|fast tempo"
            "|high bpm|sped-up|sped up",
        "swinging":
            "swingy|swing|shuffly|shuffling|shuffle|with a swing|with shuffle|with a shuffle"
            "|with groove swing|swing groove|swing rhythm|shuffle beat|shuffle groove"
            "|triplet feel|triplet swing|jazz swing|loping|mpc swing|dilla swing|off-grid swing"
            "|off-grid|bouncy swing|swung 16ths|swung sixteenths|swung eighths|drunken groove"
            "|with swung hats",
        "slow": "slowly|downtempo|down-tempo|low tempo|unhurried|slow-moving|slow motion|slow-mo"
            "|plodding|dragging|slowed|slowed down|slowed-down|half-time|half time|lento|adagio"
            "|largo|andante|very slow|super slow|slo-mo|lumbering|ponderous|languid|snail-paced"
            "|low bpm|trudging",
    }),
    "textures": _rows({
        "warm": "warm-sounding|analog|analogue|analog warm|tube-warmed|valve|tubey|creamy|buttery"
            "|silky|silky smooth|honeyed|cosy|round|lush|vintage warm|tape-warmed|woolly warm"
            "|soft-edged|glowing|rich|chocolatey|syrupy|caramel|with warmth",
        "crisp": "crispy|crystal clear|crystal-clear|clean|defined|well-defined|articulate|snappy"
            "|pristine|hi-fi|hifi|brittle|clean-cut|cutting|high-definition|glassy|transparent"
            "|precise|biting|trebly|sparkly|fizzy|pin-sharp|incisive",
        "lo-fi sounding":
            "lofi sounding|lo-fi|lofi|lo fi|vinyl-style|vinyl crackle|crackling|scratchy"
            "|record-like|worn|tape-worn|cassette|tape|tape-like|old tape|noisy|hissy|tape hiss"
            "|wobbly tape|gritty|degraded|low quality|low-quality|aged|vintage vinyl"
            "|dusty vinyl|sampled vinyl|gramophone|warbly",
        "airy": "breath-like|breathe-y|whispery|wispy|floaty|feather-light|lightweight"
            "|light and airy|cloud-like|cloudy|silvery|diaphanous|air-filled|windy|wafting"
            "|misty|vaporous|with breath|with air",
        "punchy":
            "punching|hard hitting|smacking|slapping|knocking|with punch|with impact|thumping"
            "|thwacking|snappy and hard|banging|smashing|hits hard|kicking|impactful|whacking"
            "|transient-rich|hard-punching|beefed-up|with attack|popping|explosive",
        "heavy": "weighty|beefy|meaty|chunky|phat|big|enormous|giant|crushing|monstrous|monster"
            "|gigantic|thunderous|hulking|full-bodied|gargantuan|mammoth|leaden|bulky|stacked"
            "|wall-of-sound|wall of sound|dense and heavy|chonky|bone-crushing",
        "soft":
            "softer|soft-touch|quiet|hushed|light-touch|gently played|mild|whisper-soft|velvet"
            "|pillowy|cushioned|lightly played|caressing|plush|pianissimo|fluffy"
            "|mellow and soft|tender-sounding|downy|pastel|quietly played|cushiony|felt|felted",
        "muffled":
            "muted|stifled|woolly|wooly|boxed in|under water|through a wall|through the wall"
            "|next room|next-room|dampened|damped|cloaked|obscured|under a blanket"
            "|under a pillow|murky|opaque|dulled|submerged|foggy|trebleless|no treble|dimmed"
            "|cotton-wool",
        "thin": "thinned|thinned-out|thin-sounding|weedy|reedy|wiry|weak|flimsy|papery|small|puny"
            "|feeble|slim|slender|lean|lightweight and thin|without bass|no low end|bass-light"
            "|scrawny|tiny|cheap speaker|nasal|small speaker|emaciated|hollow|anaemic",
        "wide": "widened|stereo|super wide|super-wide|extra wide|ultra-wide|stereophonic"
            "|wide-panned|wide panned|hard panned|wide-screen|widescreen|wide-sounding"
            "|wide and stereo|full stereo|spread|spread-out|spread out|stereo spread"
            "|stereo field|stereo widened|left and right|wraparound|wrap-around|surround"
            "|enveloping|double-tracked|big stereo",
        "dry":
            "bone dry|very dry|unprocessed|without reverb|no effects|without effects|unaffected"
            "|effect-free|fx-free|no fx|close-miked|close-mic'd|close mic|dead|dead room"
            "|dead-sounding|reverb-free|reverbless|no room|raw|in-your-ear|intimate"
            "|non-reverberant|no ambience|clean and dry|booth|deadened|without echo",
        "spacious": "space-filled|open|big room|airy and open|cathedral-like|cathedral|large-hall"
            "|ambient|wide-open|wide open|wet|reverb-soaked|reverb-drenched|echoing|echoey"
            "|cavern-like|warehouse-sized|huge room|canyon-like|in a hall|in a cathedral"
            "|cave-like|reverby|spacey",
        "minimal": "minimalist|barebones|stripped back|stripped-back|stripped down|stripped|basic"
            "|uncluttered|pared-down|pared down|economical|spartan|austere|spare|uncomplicated"
            "|plain|less-is-more|reduced|simplistic|sparing|scant|few notes|few hits",
        "busy": "cluttered|packed|frantic|frenetic|elaborate|fiddly|polyrhythmic|layered"
            "|multi-layered|many-layered|note-filled|lots of notes|many notes|fast-moving"
            "|restless|overloaded|fussy|ornate|ornamented|tangled|chaotic|hyperactive"
            "|fill-heavy|eventful",
        "staccato":
            "stabby|stabbed|stabs|stab-like|short|choppy|chopped|short-note|pizzicato|spiccato"
            "|secco|disconnected|plucked|gated|cut-short|cut off|jabbing|pecking"
            "|short and sharp|abrupt|punctuated|with short notes|non-legato|separated notes"
            "|crisp short|palm-muted|plinky|percussive",
        "deep": "bass-heavy|bass heavy|low-end|low end|subsonic|sub-bass|sub-heavy|bottom-heavy"
            "|low-sounding|rumbling|boomy|booming|bass-rich|low-frequency|low frequency"
            "|low register|low-register|cavern-deep|down low|deep-sounding|low-toned"
            "|lower-octave|bottom-end|basso|baritone|bassy and deep|low-tuned|contrabass"
            "|seismic",
        "high-pitched":
            "high pitched|high pitch|high-sounding|treble|piercing|shrill|squeaky|squealing"
            "|high-toned|high-register|high-frequency|high frequency|high octave|upper-octave"
            "|top octave|upper register|pitched up|pitched-up|piccolo-like|falsetto|chipmunk"
            "|ear-piercing|soprano|glassy-high|very high|whistle-high|tweeting|super high"
            "|higher-pitched",
    }),
    "effects": _rows({
        "reverb": "verb|plate verb|plate reverb|hall reverb|with a hall reverb|with plate reverb"
            "|with long reverb|with big reverb|with lots of reverb|room reverb|spring reverb"
            "|with spring reverb|shimmer reverb|cathedral reverb|church reverb|reverby"
            "|reverb tail|with a reverb tail|with a long tail|wet reverb|reverb-drenched"
            "|reverb-soaked|drenched in reverb|washed out|hall|in a big hall|cavernous reverb"
            "|convolution reverb|with hall ambience|reverb fx",
        "delay": "echoing|echoed|echoey|with echo|with echoes|with an echo|tape delay|tape echo"
            "|with tape delay|slapback|slapback echo|with slapback|ping-pong delay"
            "|with ping pong delay|dub delay|dub echo|space echo|with feedback delay"
            "|feedback delay|stereo delay|with a delay|delays|delay throws|repeating echo"
            "|quarter note delay|dotted delay|analog delay|digital delay|multitap delay",
        "distortion": "overdrive|drive|with distortion|with overdrive|with fuzz|with saturation"
            "|saturation|with heavy distortion|heavy distortion|crunch|with crunch|grungy"
            "|driven|fuzzed|fuzzed out|clipping|hard clipping|tube drive|tube distortion"
            "|waveshaper|waveshaped|high gain|blown-out|amp distortion|tape saturation"
            "|with grit",
        "low-pass filter":
            "lpf|lp filter|lowpass filter|with a low-pass filter|with low-pass filter"
            "|with a lowpass|lowpassed|low passed|low-pass|low pass|low-pass filtered"
            "|low pass filtered|high cut|hi-cut|high-cut filter|highs cut|highs rolled off"
            "|with highs cut|with muffled highs|no highs|without highs|rolled-off highs"
            "|cutoff down|with cutoff low|closed filter|underwater filter"
            "|behind the wall filter",
        "high-pass filter":
            "hpf|hp filter|highpass filter|with a high-pass filter|with high-pass filter"
            "|with a highpass|highpassed|high passed|high-pass|high pass|high-pass filtered"
            "|high pass filtered|low cut|lo-cut|low-cut|low-cut filter|with low cut|lows cut"
            "|with lows cut|without bass|with no bass|no lows|no low end|bass removed"
            "|bass rolled off|with lows filtered",
        "chorus": "chorusing|with a chorus|with chorus effect|chorus fx|chorus pedal"
            "|with chorus pedal|stereo chorus|with stereo chorus|juno chorus|with juno chorus"
            "|dimension d|doubling effect|with doubling|thickened with chorus|lush chorus"
            "|80s chorus|with detuned chorus|with 80s chorus|analog chorus|wide chorus"
            "|tri-chorus|chorus-soaked|chorus-drenched|modulated chorus|chorused-out"
            "|chorus modulation",
        "tremolo": "trem|with trem|tremolo effect|with a tremolo|trem effect|tremolo pedal"
            "|with tremolo effect|volume tremolo|volume modulation|with volume modulation"
            "|with pulsating volume|pulsating volume|amp tremolo|with amp tremolo|surf tremolo"
            "|optical tremolo|harmonic tremolo|fast tremolo|slow tremolo|volume wobble"
            "|with wobbling volume|fluttering|quivering|throbbing volume"
            "|with amplitude modulation|volume lfo|with volume lfo",
        "bitcrushed":
            "bit crushed|bit-crushed|bit crusher|bit-crusher|bitcrush|bit crush|with bitcrusher"
            "|with bitcrush|with a bitcrusher|with bit crushing|bitcrushing|bit reduction"
            "|with bit reduction|bit-reduced|bit reduced|sample rate reduction|downsampled"
            "|with downsampling|decimator|with decimator|low sample rate|low-bit|low bit"
            "|low-res|low resolution|digital degradation|aliased|with aliasing"
            "|reduced bit depth",
        "telephone":
            "phone|with telephone effect|telephone effect|telephone voice|with telephone filter"
            "|phone effect|phone filter|with phone filter|phone call|on the phone"
            "|over the phone|through a phone|through a telephone|radio|radio effect"
            "|with radio effect|with radio filter|transistor radio|old-time radio"
            "|through a radio|walkie talkie|bullhorn|intercom|bandpass filter|with bandpass"
            "|small speaker|tinny speaker|through an old radio",
        "filter sweep": "filter sweep up|rising filter|with a filter sweep|with filter sweep"
            "|with filter opening|with an opening filter|with a rising filter|filter rise"
            "|filter riser|upward filter sweep|upwards filter sweep|ascending filter sweep"
            "|sweep up|swept filter|filter swept up|swept up filter|filter opens"
            "|filter opens up|filter opening up|filter build|filter build-up"
            "|with filter build-up|cutoff sweep|with a cutoff sweep|cutoff rising"
            "|filter fade in|filtering up|slowly opening filter",
        "closing filter": "filter close|filter closes|filter closes down|filter down sweep"
            "|with a closing filter|with closing filter|with filter closing"
            "|with the filter closing|falling filter|with a falling filter|descending filter"
            "|descending filter sweep|downward filter sweep|downwards filter sweep|sweep down"
            "|cutoff falling|cutoff closing|cutoff sweep down|slowly closing filter"
            "|filter shutting|filter shuts|filter fade out|filtering out|filter swept down"
            "|filtering down|with a downward sweep|lpf closing|low-pass closing|filter drop"
            "|getting muffled",
        "sidechain":
            "side-chain|side chain|side chained|side-chained|with sidechain|with a sidechain"
            "|with sidechaining|sidechaining|sidechain pump|sidechain pumping"
            "|with sidechain pumping|pumped|with pumping|pump effect|with pump|ducked"
            "|with ducking|kick ducking|ducked by kick|french house pump|pumping compression"
            "|with pumping compression|sidechain compressed|sidechain compressor"
            "|with sidechain compression|breathing compression|volume pumping|volume ducking",
    }),
    "characters": _rows({
        "punchy": "punching|with punch|smacking|slamming|hits hard|hard hitting|thumping|knocking"
            "|full of punch|whacking|banging|slappy|slapping|with impact|impactful|smashing"
            "|kicking|snappy|cracking|thwacking|big hitting|pounding|popping|with attack",
        "deep": "sub-heavy|bass-heavy|sub bass|sub|low-end|rumbling|booming|boomy and deep"
            "|bottom-heavy|subsonic|deep-sounding|with sub|with lots of bass|with deep bass"
            "|808-like|full of bass|bass-rich|round and deep|thunderous|low-end heavy"
            "|resonant low|chest-rattling|seismic",
        "tight":
            "taut|well-controlled|neat|close-knit|damped|no ring|with no ring|clean and tight"
            "|focused|focussed|firm|choked|tightened|gated|without ring|dry and short|precise"
            "|dampened|tightly tuned|condensed|contained",
        "low": "low-tuned|tuned low|low-toned|pitched down|pitched-down|lower|lower-pitched"
            "|low-sounding|low-frequency|low register|lower pitch|detuned low|downtuned"
            "|down-tuned|in a low key|bass-toned|low note|low key|floor tom-like|tuned down"
            "|lowered|bass register|grave",
        "high": "high-tuned|tuned high|high-toned|pitched up|pitched-up|higher-pitched"
            "|high-sounding|high-frequency|high register|higher pitch|tuned up|up-tuned|treble"
            "|squeaky|shrill|piercing|very high|high note|soprano|piccolo|squeaking"
            "|raised pitch|ear-piercing",
        "dark": "murky|dull-sounding|dark-sounding|lowpassed|gloomy|woolly|damped down|rolled-off"
            "|no highs|without highs|veiled|muddy|trebleless|with no treble|under a blanket"
            "|closed-sounding|dusky|sombre|foggy",
        "bright":
            "shiny|sparkly|sparkling|shimmering|glassy|trebly|brightly|bright-sounding|clear"
            "|glittering|crispy|silvery|tinkling|airy|brassy|fizzy|glistening"
            "|with lots of treble|metallic|clean and bright|twinkly|full of highs|vivid"
            "|crystalline|hissy|splashy",
        "distorted":
            "with distortion|driven|overdrive|gritty|grungy|clipped hard|clipping|blown-out"
            "|blown out|saturating|hardstyle-like|gabber-like|noisy|fried|broken|mangled"
            "|with overdrive|with saturation|trashed|rough|growly|harsh",
        "short": "shortened|quick-decaying|fast decay|short decay|with short decay"
            "|with a short decay|stubby|staccato|cut-off|abrupt|with no tail|no tail"
            "|without tail|momentary|snipped|tiny|split-second|short-lived|curt|blip-like"
            "|very brief|half-second|shortish",
        "long":
            "lengthy|with a long tail|with long decay|drawn-out|drawn out|lasting|long-lasting"
            "|lingering|extended|ring-out|ringing|long ringing|slow decay|slow-decaying"
            "|long sustain|with sustain|sustaining|very long|prolonged|never-ending|long-drawn"
            "|stretched|stretched-out|tail-heavy|undamped",
        "roomy": "with room|in a room|in a hall|in a large room|in a large hall|in a big hall"
            "|live room|echoey|reverby|ambient|with ambience|big-room|large-room|room-miked"
            "|room-mic'd|with room mics|airy and roomy|in a warehouse|wet|with natural reverb"
            "|open-sounding|echoing|resonant|cathedral-like|warehouse",
        "gentle":
            "softly|gently|delicate|quiet|subtle|peaceful|soothing|tender|light and soft|slight"
            "|drizzly|soft-sounding|breezy|pattering|whispering|low-key|murmuring|tranquil"
            "|hushed|lightly|barely there|relaxing|serene|trickling|mellow",
        "heavy": "heavily|torrential|pouring|massive|huge|big|weighty|thick|dense|lashing|pelting"
            "|bucketing|beefy|solid|large|monsoon|heavy-duty|enormous|thundering|hulking"
            "|drenching|hammering",
        "strong":
            "vigorous|strongly|forcefully|violent|fierce|raging|gusty|gusting|stormy|gale-force"
            "|blustery|wild|full-force|potent|energetic|robust|storm-force|furious|aggressive"
            "|high-force|blasting|squally|hurricane-force|turbulent|tempestuous",
        "howling":
            "howl|howls|whistle|moan|moans|groaning|wail|wails|whining|keening|ghostly|spooky"
            "|haunting|ululating|screaming|shrieking|hooting|baying|whooshing and whistling"
            "|lonely howling|banshee-like|like a banshee|through the cracks"
            "|whistling through gaps|crying",
        "fast": "swift|fast-paced|fast-moving|hasty|rushing|rushed|racing|rapidly|quickly|running"
            "|sprinting|high-speed|in a hurry|frantic|quick-fire|rapid-fire|hurrying|at speed"
            "|at high speed|jogging|super fast|very fast|hectic|speeding",
        "slow": "slower|strolling|calm-paced|plodding|dragging|sluggish|measured|slow motion"
            "|gradual|gradually|lumbering|trudging|creeping|very slow|super slow|dawdling"
            "|ambling|at a slow pace|slow-going|at walking pace|deliberate|snail-like"
            "|sauntering",
        "distant":
            "at a distance|from a distance|from afar|afar|a long way off|remote|on the horizon"
            "|off in the distance|distantly|in the background|background|miles away"
            "|from far away|far-away|far-off|far|outlying|heard from afar|across the valley"
            "|down the road|blocks away|several streets away|on the far side|receding distant",
        "close": "close by|closeby|close up|closely|close-miked|close-mic'd|close-range"
            "|at close range|near by|near-by|right here|right next to you|next to you"
            "|next to the mic|beside you|intimate|up-close|in your ear|in front of you"
            "|in the foreground|foreground|immediate|at arm's length",
        "passing": "pass-by|pass by|passby|passes|passes by|drive-by|driving by|driving past"
            "|driving through|flyby|flyover|fly-over|flying over|flying past|flying overhead"
            "|going by|moving by|rushing past|whooshing by|speeding past|zooming past"
            "|zooming by|roaring past|racing past|overtaking|with doppler",
        "single":
            "1|one-shot|one shot|once|only one|sole|individual|one time|one-off|just a single"
            "|a lone|singular|one-hit|single-shot|single hit|only a single|isolated|one only"
            "|not repeated|unrepeated|on its own",
        "repeated":
            "repeatedly|multiple|a few|a series of|series of|a number of|numerous|a lot of"
            "|lots of|recurring|continual|successive|in succession|in a row|over and over"
            "|time after time|a string of|looping|looped|incessant|ongoing|persistent"
            "|more than one|a couple of|repetitive|two or three|non-stop",
        "on snow": "snowy|over snow|across snow|snow|through the snow|on the snow|over the snow"
            "|on deep snow|in deep snow|on crunchy snow|on powder snow|in powder|on packed snow"
            "|on hard snow|on frozen snow|on icy snow|on snowy ground|on a snowy path"
            "|snow-crunching|through fresh snow|through deep snow|snow-covered|on a snowfield"
            "|in fresh snow",
        "on gravel":
            "gravelly|over gravel|across gravel|through gravel|on pebble|pebbles|on shingle"
            "|shingle|on a gravel drive|on a gravel driveway|on a gravel road|on a gravel track"
            "|on a stony path|on stony ground|on crushed stone|on loose stones|on loose gravel"
            "|on grit|on chippings|on pea gravel|on rubble|on scree|on crunchy gravel|in gravel"
            "|on a pebble beach|on little stones",
        "on leaves":
            "leafy|over leaves|on fallen leaves|through fallen leaves|in leaves|in dry leaves"
            "|through dry leaves|on dead leaves|through dead leaves|on crunchy leaves"
            "|in the leaves|on autumn leaves|through autumn leaves|on fall leaves"
            "|in fall leaves|on leaf litter|through leaf litter|on foliage|on rustling leaves"
            "|dry leaves|on a leafy path|on the forest floor|on a forest floor|on leafy ground"
            "|in crisp leaves",
        "on concrete": "concrete|over concrete|on cement|on tarmac|on a pavement|on a sidewalk"
            "|on the sidewalk|on the pavement|on the street|on a street|on a road|on the road"
            "|on paving stones|on paving slabs|on cobblestones|on cobbles|on tiles"
            "|on a tiled floor|on a stone floor|on a concrete floor|on hard ground|on marble"
            "|on a marble floor|on flagstones|on a parking lot|in a car park|on blacktop"
            "|on bitumen",
        "on wood":
            "wood|over wood|on the wooden floor|on wooden floors|on wooden boards|on boards"
            "|on planks|on wooden planks|on parquet|on a parquet floor|on hardwood"
            "|on a hardwood floor|on timber|on a timber floor|on wooden stairs|on a deck"
            "|on decking|on a wooden deck|on a wooden bridge|on a boardwalk|on a stage"
            "|on a creaky floor|on laminate|on creaking boards|on a wooden staircase"
            "|on a plank floor",
        "revving":
            "revved|revved up|rev up|revs|revs up|revving hard|revving its engine|revving high"
            "|throttling|throttling up|throttle blips|blipping the throttle|on the gas"
            "|on the throttle|stepping on it|gunning|gunning it|gunned|flooring it"
            "|full throttle|at full throttle|high-revving|high rpm|high revs|racing its engine"
            "|redlining|pulling away|taking off|wide open throttle",
        "idling":
            "idles|at idle|in idle|on idle|idle running|ticking-over|parked|parked up|waiting"
            "|at a standstill|not moving|stopped|in neutral|purring|chugging|low revs"
            "|low-revving|low rpm|running in place|at rest|engine running|just running|standing"
            "|at tick-over|at the lights|left running|puttering",
        "two-tone":
            "twotone|2-tone|2 tone|two tones|dual-tone|dual tone|dual-pitch|two-note|two note"
            "|two-pitch|hi lo|hi-low|high-low|high low|hee-haw|nee-naw|nee naw|nee-nor|ee-aw"
            "|martinshorn|martin's horn|german|french|british|european-style|euro-style"
            "|alternating pitch|bi-tonal|tatütata|pin-pon",
    }),
    "kinds": _rows({
        "drum_loop":
            "breakbeat|drum break|breaks|break|percussion groove|percussion pattern|drumbeat"
            "|drum part|drum line|drum riff|beat loop|beats|drum loops|percussion|perc loop"
            "|perc|drum programming|drum machine pattern|drum sequence|drum fill|rhythm track"
            "|rhythm pattern|rhythm loop|top loop|hat loop|drums only|drum backing"
            "|just the drums|kick and snare pattern|batucada|amen break|percussion track"
            "|percussion part",
        "bass_line":
            "bass lines|basslines|bass pattern|bass track|bass phrase|bass sequence|bass lick"
            "|bass melody|walking bass|walking bass line|bass ostinato|bass run|sub bass line"
            "|synth bass line|bass guitar part|bass guitar riff|bass guitar line|low end line"
            "|low end part|low end groove|808 line|bass pulse|acid line|rolling bass"
            "|offbeat bass|octave bass line|bass only|bass stem|bass accompaniment|tumbao"
            "|bass progression",
        "chords": "harmony|chord track|chord part|progression|harmonic progression|chord riff"
            "|chord vamp|vamp|comping|chord comping|comp|chord accompaniment"
            "|accompaniment chords|strumming|strummed chords|strum pattern|chordal part"
            "|chordal loop|chord line|chord groove|chord stabs loop|changes|chord cycle"
            "|rhythm guitar part|piano chords|guitar chords|keys chords|chord structure"
            "|chord movement|cadence|turnaround|block chords|ii-v-i|montuno",
        "arpeggio": "arps|arpeggiation|arpeggiator|arpeggiated synth|arpeggiated sequence"
            "|arpeggiated line|arpeggiated loop|arpeggiated part|arp pattern|arp line|arp riff"
            "|arp part|arp synth|arpeggiated notes|arpeggio loop|arpeggio pattern"
            "|arpeggio sequence|arpeggio line|broken chords|broken chord pattern"
            "|rolled notes pattern|sequencer pattern|sequencer line|sequenced synth"
            "|sixteenth note sequence|step sequence|trance gate arp|alberti bass"
            "|fingerpicking pattern|fingerpicked pattern|picking pattern|running sixteenths"
            "|berlin school sequence|up and down notes|bubbling synth sequence",
        "melody": "melodies|melodic phrase|melodic part|melodic riff|melodic hook|top line|hook"
            "|lead melody|lead riff|lead part|lead loop|lead hook|main melody|motif|catchy tune"
            "|musical phrase|riff|lick|melody loop|melody part|melody riff|counter melody"
            "|countermelody|solo line|solo part|soloing|improvisation|leitmotif|jingle|earworm"
            "|singable line|monophonic line|single note line|ditty",
        "pad": "pad chords|pad layer|pad texture|synth bed|soft bed|ambient bed|background pad"
            "|background layer|ambient texture|texture|soundscape|drone|drones|ambient drone"
            "|ambient wash|wash|synth wash|string pad loop|sustained pad|sustained synth"
            "|sustained layer|long held notes|slow evolving chords|evolving texture"
            "|atmospheric layer|atmospheric loop|atmos|atmo|atmospheric bed|swell|swells"
            "|lush background|slow chords|ambience layer|floating chords|whole note chords"
            "|drone layer",
        "arrangement":
            "full song|complete song|complete track|whole song|whole track|full band|whole band"
            "|full production|finished track|finished song|piece of music|musical piece"
            "|background music|bgm|soundtrack|score|underscore|intro music|music bed"
            "|instrumental track|song loop|multi-instrument loop|all instruments together"
            "|drums bass and chords|type beat|rap instrumental|hip hop instrumental|riddim"
            "|band arrangement|combo|club track|multitrack|karaoke track|songs|tracks",
        "one_shot":
            "one shots|one-shots|oneshots|single shot|single-shot|single sample|one hit|one-hit"
            "|single note|one note|single drum hit|drum hit|drum one shot|drum sample"
            "|drum sound|single stab|stab|one-off sound|one off hit|non-looping sample"
            "|sample hit|sampler hit|pad hit|trigger sample|shot|hits|individual hit"
            "|individual sound|isolated hit|lone note|single stroke|single strike|one chord"
            "|mpc sample|single beat sound",
        "sound_effect":
            "sound effects|s.f.x.|sfx sound|effect|effects|fx sound|fx sample|audio effect"
            "|foley sound|foley effect|spot effect|spot effects|game sound|game sfx"
            "|game sound effect|video game sound|ui sound|notification sound|transition effect"
            "|transition sound|transition fx|movie sound|film sound effect|cinematic fx"
            "|field recording|field recordings|nature sound|nature sounds|environmental sound"
            "|real world sound|everyday noise|background noise|noises|sound design"
            "|sound design element|bruitage|soundboard sound|cartoon sound|stinger|sweep fx"
            "|radio drama effect|non-musical sound",
    }),
    "instruments": _rows({
        "piano": "yamaha grand|bosendorfer|baby grand|bechstein|klavier|fortepiano|upright piano"
            "|concert grand|flügel|ivories|felt piano|classical piano|solo piano",
        "honky-tonk piano":
            "honkytonk|honky-tonk|out of tune piano|western saloon piano|tack piano|pub piano"
            "|old west piano|player piano|pianola|stride piano|untuned piano|bar room piano"
            "|cowboy piano|old bar piano",
        "electric piano":
            "wurly|wurli|suitcase rhodes|stage piano|mark i rhodes|electro piano|dx7 piano"
            "|neo soul keys|soul keys|e piano|epiano|elec piano",
        "harpsichord":
            "spinet|virginal|virginals|clavicembalo|plucked keyboard|baroque harpsichord"
            "|harpsichords|cembalos|bach keyboard|kielflügel|quilled keyboard",
        "clavinet":
            "hohner clavinet|clavinet d6|d6 clav|clavinets|wah clav|clavi keys|funk clavinet"
            "|superstition keyboard|stevie wonder clav|hohner d6|funky clavinet|70s funk keys",
        "celesta":
            "celestas|celeste keyboard|sugar plum fairy keys|nutcracker bells|bell keyboard"
            "|celestial keyboard|tinkling keyboard bells|keyboard glockenspiel|celesta keys",
        "glockenspiel":
            "glockenspiels|glocken|metallophone|bell lyre|kids glockenspiel|bright mallet bells"
            "|campanelli|jeu de timbres|metal bar bells|steel mallet bells|glocks",
        "music box": "music boxes|musical boxes|nursery music box|spieluhr|boîte à musique"
            "|jewellery box melody|jewelry box tune|ballerina box|clockwork music box"
            "|crank music box|wind up toy|tinkling music box",
        "vibraphone":
            "vibraphones|vibraphon|vibrafone|vibes mallets|jazz vibraphone|lionel hampton vibes"
            "|milt jackson vibes|tremolo metal bars|motorised vibes|vibraphone mallets",
        "marimba": "marimbaphone|african marimba|marimba bars|rosewood marimba|mexican marimba"
            "|marimba hits|bass marimba|soft wooden mallets|iphone marimba|marimba keys",
        "xylophone":
            "xylophones|xylophon|skeleton bones mallets|orchestral xylophone|cartoon xylophone"
            "|bones xylophone|toy xylophone|danse macabre mallets|xilofono|xylos",
        "tubular bells":
            "tubular bell|campane tubolari|tubes bells|röhrenglocken|orchestra chimes"
            "|tubular chime|mike oldfield bells|exorcist bells|symphonic chimes|metal tubes",
        "dulcimer": "cymbalom|cimbal|santoor|yangqin|hackbrett|hammered zither|tsymbaly|dulcimers"
            "|hammered strings|cymbaly|persian santur|khim",
        "organ": "leslie organ|jazz organ|gospel organ|vox continental|farfisa|combo organ"
            "|transistor organ|drawbars|house organ|soul organ|electronic organ",
        "church organ":
            "pipe organs|kirchenorgel|gothic organ|toccata organ|bach organ|hymn organ"
            "|wedding organ|orgue|big pipes|church organs|organ of a church|majestic organ",
        "accordion":
            "accordian|accordions|akkordeon|concertina|bandoneon|bandoneón|fisarmonica|melodeon"
            "|squeeze box|parisian accordion|polka accordion|tango accordion|bayan"
            "|zydeco accordion",
        "harmonica":
            "harmonicas|blues harmonicas|gob iron|tin sandwich|hohner harmonica|mundharmonika"
            "|armonica|mouthorgan|bob dylan harmonica|chromatic harmonica|diatonic harmonica"
            "|mississippi saxophone|western harmonica",
        "nylon guitar":
            "nylon-string guitar|nylon strings|classic guitar|gut string guitar|bossa guitar"
            "|bossa nova guitar|guitarra española|spanish classical guitar"
            "|fingerstyle nylon guitar|flamenco|soft string guitar|konzertgitarre|latin guitar"
            "|guitarra clásica",
        "acoustic guitar":
            "acoustic guitars|steel-string guitar|steel strings|strummed acoustic|dreadnought"
            "|martin guitar|taylor guitar|campfire guitar|12-string guitar|twelve string guitar"
            "|unplugged guitar|country acoustic guitar|singer-songwriter guitar|jumbo guitar"
            "|strummed guitar",
        "electric guitar":
            "electric guitars|stratocaster|fender guitar|tele|hollow body guitar|e-guitar"
            "|chorus guitar|surf guitar|twangy guitar|les paul clean|gibson es-335|e-gitarre"
            "|clean electric",
        "muted guitar":
            "palm-muted guitar|palm muting|chugging muted guitar|chicken scratch guitar"
            "|muted strings guitar|damped guitar|scratch guitar|dampened guitar"
            "|muted pick guitar|choked guitar|muted funk guitar|chicken pickin guitar"
            "|plunky guitar|guitar muted",
        "distorted guitar":
            "distortion guitar|overdrive guitar|crunchy guitar|power chords guitar"
            "|shredding guitar|hard rock guitar|grunge guitar|high gain guitar|punk guitar"
            "|marshall stack|djent guitar",
        "upright bass": "upright|bass fiddle|doghouse bass|stand-up bass|kontrabass|contrabasso"
            "|rockabilly bass|plucked double bass|bass viol|walking jazz bass|bowed double bass"
            "|double basses",
        "bass guitar":
            "bass guitars|electric bass guitar|precision bass|jazz bass guitar|fender bass"
            "|finger bass|music man bass|rickenbacker bass|hofner bass|pick bass|plectrum bass"
            "|e bass|rock bass|motown bass",
        "fretless bass": "jaco bass|jaco pastorius bass|fretless jazz bass|sliding bass guitar"
            "|singing bass guitar|unfretted bass|fretless basses|mwah|pino palladino bass"
            "|smooth sliding bass",
        "slap bass": "slapping bass|slap and pop|slap and pop bass|slap-bass|slap|thumped bass"
            "|slapped bass guitar|popped bass|seinfeld bass|flea bass|level 42 bass"
            "|larry graham bass|slappin bass",
        "synth bass":
            "minimoog bass|analogue bass|basssynth|taurus bass|juno bass|synthbass|electro bass"
            "|80s synth bass|sh-101 bass|keyboard bass|synth basses|synthwave bass",
        "violin": "fiddles|bowed fiddle|geige|violino|violon|strad|irish fiddle|country fiddle"
            "|classical violin|gypsy violin|bluegrass fiddle|violine",
        "cello": "'cello|violoncellos|violoncelle|cellist|bowed cello|yo-yo ma|low bowed string"
            "|bach cello|deep solo string|classical cello",
        "pizzicato strings":
            "pizzicati|pizzicatos|string plucks|plucked violins|plucked orchestra|pizz ensemble"
            "|finger plucked strings|pizz section|sneaky strings|plucked string section"
            "|pizzicato violins|tiptoe strings",
        "harp": "arpa|irish harp|lever harp|angel harp|harfe|harpe|harpist|harp glissando"
            "|heavenly harp|classical harp",
        "strings": "violas|violins violas cellos|symphonic strings|legato strings|string quartet"
            "|chamber strings|lush strings|cinematic strings|orchestral string section"
            "|bowed strings|film score strings|tremolo strings|symphony strings",
        "synth strings": "eminent string machine|synthetic strings|strings synth|fake strings"
            "|analogue strings|ensemble synth|electronic strings|disco string machine"
            "|synthstrings|80s synth strings|juno strings|logan string melody"
            "|artificial strings",
        "choir": "choirs|chorus of voices|aahs|ahhs|gospel choir|boys choir|children's choir"
            "|gregorian chant|monks|chant|human voices|choral|ooh aah voices|singers",
        "trumpet": "cornet|flugelhorn|trompete|tromba|trompette|mariachi trumpet|piccolo trumpet"
            "|bach trumpet|open trumpet|fanfare trumpet|trumpeter|flugel|trompeta",
        "muted trumpet":
            "harmon mute|cup mute trumpet|straight mute trumpet|wah-wah trumpet|wah wah mute"
            "|plunger trumpet|plunger mute|miles davis trumpet|dampened trumpet"
            "|trumpets with mutes|muted trumpets|quiet jazz trumpet mute|muted horn jazz",
        "trombone": "posaune|trombón|bass trombone|sliding brass|tailgate trombone|ska trombone"
            "|trombonist|t-bone|trom|sad trombone",
        "french horn": "f horn|corno|horn in f|hunting horn|cor d'harmonie|solo horn|heroic horn"
            "|mellow horn|hornist|valve horn|noble horn|cinematic horn",
        "brass section":
            "horns section|brass stabs|brass hits|trumpets and trombones|big band|funk horns"
            "|brass fanfare|section brass|brass players|full brass|soul horns|horn stabs|braams"
            "|mariachi brass",
        "synth brass":
            "jump brass|oberheim brass|ob-xa brass|jupiter brass|synthetic brass|fake brass"
            "|analogue brass|electronic brass|cs-80 brass|vangelis brass|van halen jump synth"
            "|prophet brass|synthbrass|final countdown synth",
        "saxophone": "saxes|saxofon|soprano sax|alto saxophone|tenor saxophone|soprano saxophone"
            "|jazz sax|sexy sax|sax solo|saxo|careless whisper sax|smooth sax|saxophon"
            "|saxophonist",
        "baritone sax":
            "bari|baritone saxophones|bari saxes|barisax|big sax|deep sax|honking low sax"
            "|sax baryton|lowest sax|gerry mulligan sax|baryton sax|bass sax",
        "oboe": "oboi|hautboy|oboist|oboe d'amore|cor anglais|english horn|duck-like woodwind"
            "|high double reed|oboe solo|baroque oboe",
        "bassoon":
            "fagotto|basson|contrabassoon|fagot|bassoon solo|grandpa woodwind|deep woodwind"
            "|comic bassoon|sorcerer's apprentice bassoon",
        "clarinet":
            "klarinette|clarinetto|bass clarinet|liquorice stick|clarinet in b flat|bb clarinet"
            "|dixieland clarinet|swing clarinet|clarinette|single reed woodwind"
            "|benny goodman clarinet|clarinet solo",
        "flute": "querflöte|flauto|western flute|silver flute|piccolo|alto flute|flautist|flûte"
            "|flute solo|classical flute|metal flute|jazz flute",
        "recorder":
            "recorders|blockflöte|blockflute|flauto dolce|descant recorder|treble recorder"
            "|alto recorder|flûte à bec|plastic school flute|medieval recorder"
            "|renaissance recorder|baroque recorder",
        "pan flute": "zampoña|siku|panflöte|pan-pipe|panpipe|pan pipe|nai flute|peruvian flute"
            "|gheorghe zamfir|flauta de pan|pan's flute|andes pipes",
        "whistle": "whistles|irish whistle|penny whistle|pennywhistle|low whistle|whistling man"
            "|morricone whistle|whistled melody|feadóg|spaghetti western whistle"
            "|person whistling",
        "ocarina": "ocarinas|zelda flute|zelda ocarina|xun|sweet potato flute|clay whistle flute"
            "|egg-shaped flute|pottery flute|okarina|goose flute|ocarina of time",
        "square lead": "square wave lead|squarewave lead|pulse lead|pulse wave lead|chiptune"
            "|chiptune synth|8 bit lead|square synth|nintendo synth|c64 lead|retro game lead"
            "|gameboy lead|square lead synth",
        "saw lead": "saw synth lead|sawtooth wave lead|saw wave lead|minimoog lead|saw synth"
            "|prog synth lead|analogue lead|buzzy lead|g-funk lead|synth solo lead|lead saw"
            "|jan hammer lead|saw leads",
        "warm pad": "warm synth pad|analogue pad|juno pad|mellow pad|soft synth pad|lush pad"
            "|warm analog pad|cosy pad|prophet pad|jupiter pad|smooth pad|warm pads"
            "|soft warm chords|gentle pad",
        "choir pad":
            "choral pad|vocal pads|vox pad|synth voices|vocoder pad|synth vox|choir synth"
            "|voice synth|aah pad|ooh pad|mellotron choir|ethereal vocal pad|ghost choir synth"
            "|space voices|vocal synth pad",
        "halo pad":
            "glass harmonica|shimmer pad|sparkling pad|glistening pad|bowed pad|angelic pad"
            "|heavenly pad|halo synth|glimmering pad|icy pad|crystalline pad|bright glassy pad"
            "|glass armonica pad|singing glasses|halo",
        "sitar": "ravi shankar|sitarist|surbahar|hindustani sitar|bollywood sitar"
            "|twangy indian instrument|indian lute|electric sitar|sitar drone"
            "|george harrison sitar|raga strings|sitar plucks|buzzing indian strings",
        "banjo": "5-string banjo|clawhammer banjo|tenor banjo|plectrum banjo|hillbilly banjo"
            "|dueling banjos|bluegrass picking|dixie banjo|banjolele|earl scruggs banjo",
        "shamisen":
            "tsugaru shamisen|tsugaru-jamisen|japanese three-string lute|sanshin|kabuki lute"
            "|japanese guitar|geisha lute|three-string japanese lute|sanxian|shamisen strings",
        "koto": "japanese koto harp|13-string koto|guzheng|gu zheng|so no koto"
            "|japanese plucked zither|sakura zither|asian zither|chinese zither|koto strings"
            "|koto plucks|gayageum",
        "kalimba":
            "kalimbas|mbiras|thumb pianos|finger piano|likembe|sanza|karimba|african kalimba"
            "|plucked metal tines|zimbabwean mbira|thumb harp|gourd piano",
        "steel drum":
            "calypso steel drum|trinidad steel pan|trinidad steel drum|pan drum|steel band"
            "|tropical steel drum|jamaican steel drum|soca pan|tenor pan|steeldrum|steeldrums"
            "|calypso pan|island drum",
        "ukulele":
            "uku|ukelele|concert ukulele|tenor ukulele|baritone ukulele|hawaiian guitar uke"
            "|ukes|tiny hawaiian guitar|happy ukulele|strummed ukulele|small four-string guitar",
        "mandolin":
            "mando|mandoline|mandolino|octave mandolin|mandolin tremolo|neapolitan mandolin"
            "|celtic mandolin|country mandolin|bouzouki|bill monroe mandolin|godfather mandolin",
        "saw bass": "saw synth bass|sawtooth synth bass|saw basses|buzzy bass|buzzing bass"
            "|bright saw bass|raspy synth bass|electroclash saw bass|bass saw|saw-wave bass"
            "|ripping saw bass",
        "acid bass":
            "tb303|tb 303|303|roland 303|acid synth|acid squelch|acid house bass|squelch bass"
            "|resonant acid bass|silverbox|silver box bass|bass line 303|squelchy 303|acid 303"
            "|acid",
        "sub bass": "subbass|sine sub|sine wave bass|low sub|subs|808 sub bass|pure sine bass"
            "|deep sine bass|rumbling sub|subsonic bass|dubstep sub|bass you can feel"
            "|sub low end|infra bass",
        "reese bass":
            "reese basses|dnb bass|drum and bass reese|neurofunk bass|kevin saunderson bass"
            "|neuro bass|phasing detuned bass|jungle reese|detuned saw bass|reesey bass"
            "|rees bass|techstep bass",
        "square bass": "squarewave bass|square synth bass|pulse wave bass|8-bit bass|8 bit bass"
            "|chiptune bass|square sub|gameboy bass|bass square|woody square bass"
            "|video game bass|hollow synth bass",
        "wobble bass":
            "wobbles|wub|wobbly bass|dubstep bass|dubstep wobble|skrillex bass|brostep bass"
            "|womp bass|filthy dubstep bass|lfo wobble|talking wobble bass|wah wah wobble bass"
            "|growl wobble",
        "fm bass": "dx-7 bass|dx100 bass|yamaha dx bass|frequency modulation bass|lately bass"
            "|latelybass|digital fm bass|tx81z bass|fm basses|solid bass dx|metallic fm bass"
            "|clangy synth bass|80s digital bass",
        "supersaw": "supersaws|super saws|hypersaw|jp-8000|jp8000|trance saw|trance supersaw"
            "|trance saws|seven saws|stacked saws|festival lead|big room lead|unison saws"
            "|edm saw chords|jp8000 supersaw",
        "sine lead":
            "sinewave lead|sine synth lead|theremin|pure tone lead|sine synth|pure sine lead"
            "|soft sine lead|whistling synth lead|smooth sine synth|sine tone|sci-fi theremin",
        "hoover": "alpha juno hoover|alpha juno|mentasm stab|dominator hoover|joey beltram hoover"
            "|vacuum cleaner synth|rave hoover lead|hardcore hoover|hoovers|hoover sound"
            "|hard house hoover|gabber hoover|bad romance hoover|juno hoover",
        "synth pluck":
            "synth plucks|plucks|plucky lead|plucky|short plucky synth|deep house pluck"
            "|tropical house pluck|progressive house pluck|pluck lead|electronic pluck"
            "|plucking synth|future house pluck|edm pluck|short decay synth|trance pluck",
        "synth stab":
            "synthesizer stab|rave stabs|house stabs|techno stab|dub stab|dub techno chord"
            "|rave chord stab|synth hit|synth hits|short synth chord|old skool rave stab"
            "|piercing synth stab|m1 stab|electro stab|short stab",
        "synth bell":
            "synth bells|fm bells|dx7 bells|digital bell|electronic bell|electronic bells"
            "|bell pluck|bell lead|trap bells|synthetic bells|dx bell|tinkle bell synth"
            "|bell keys synth|synthesizer bell|metallic synth bell",
        "dark pad":
            "dark ambient pad|dark drone pad|gloomy pad|ominous pad|sinister pad|moody pad"
            "|brooding pad|eerie pad|horror pad|gothic pad|evil pad|scary pad"
            "|dark atmosphere pad|menacing pad|low dark drone",
        "synth flute": "synthetic flute|fake flute|mellotron flute|mellotron flutes|flute patch"
            "|digital flute|flutey synth|flutelike synth|analogue flute|synthesised flute"
            "|synthesized flute|keyboard flute|sampled flute synth",
        "airy pad":
            "air synth pad|breath pad|wispy pad|breezy pad|feathery pad|whispery pad|windy pad"
            "|ethereal pad|floaty pad|weightless pad|delicate airy pad|high airy pad"
            "|soft breath synth",
    }),
    "kits": _rows({
        "acoustic kit": "drumset|drum set|drumkit|standard kit|standard drum kit|natural drums"
            "|live drum kit|live drummer|real drummer|real drum kit|gretsch kit|ludwig kit"
            "|pop drum kit|unplugged drums|organic drums",
        "room kit": "live room kit|drums in a room|ambient drums|studio drums|studio kit"
            "|drums with room mics|room mic drums|big room drums|roomy kit|roomy drum kit"
            "|reverberant drum kit|drum room sound|spacious drums|open sounding drums"
            "|boomy room drums",
        "power kit": "rock kit|rock drums|stadium drums|hard rock drums|metal drums|metal kit"
            "|heavy metal drums|huge drums|massive drums|heavy rock kit|bonham drums"
            "|gated reverb drums|arena rock kit|hard hitting drums|powerful drums",
        "electronic kit":
            "electric drums|electro kit|electro drums|simmons drums|simmons kit|simmons sds-v"
            "|linndrum|linn drum|synth kit|syndrums|synthetic drums|drum synth"
            "|electronic drumset|v-drums|digital drums",
        "808 kit": "roland 808|roland tr-808|tr 808|808s|eight oh eight|808 drum kit|808 sounds"
            "|808 beat machine|808 percussion|electro 808 kit|miami bass kit|boomy 808 drums"
            "|rhythm composer 808",
        "909 kit": "roland 909|roland tr-909|tr 909|909s|nine oh nine|909 drum kit|909 sounds"
            "|techno kit|techno drums|house kit|house drums|classic house drum machine"
            "|detroit techno kit|909 percussion",
        "trap kit": "trap drumkit|atlanta trap drums|hip hop trap kit|trap beat kit|trap sounds"
            "|southern trap drums|metro boomin drums|modern hip hop drums|rap drum kit"
            "|trap hats kit|lex luger drums|trap percussion",
        "lo-fi kit":
            "lofi drum kit|lo-fi drum kit|lo fi kit|lo fi drums|chillhop drums|boom bap kit"
            "|boom bap drums|vintage sampled drums|sp-1200 drums|sp1200 kit|mpc60 drums"
            "|gritty sampled drums|vinyl drums|dilla drums|crunchy old drums",
        "industrial kit": "industrial drum kit|metallic drums|mechanical drums|noise drums"
            "|nine inch nails drums|nin drums|ebm kit|scrap metal drums|metal clang kit"
            "|brutal drums|abrasive drums|overdriven drums|junkyard drums|rammstein drums",
        "8-bit kit": "8bit kit|8bit drums|8 bit kit|eight-bit drums|chip drums|chiptune kit"
            "|gameboy drums|gameboy kit|nintendo drums|retro game drums|video game drums"
            "|c64 drums|bitcrushed drums|arcade drums",
        "jazz kit":
            "bop kit|bebop kit|swing drums|swing kit|jazz drumset|jazzy drums|cool jazz drums"
            "|big band drums|jazz trio drums|jazz combo drums|swinging jazz drums|bop drums"
            "|blue note drums|open-tuned jazz kit",
        "brush kit": "brush|wire brushes|brushwork|brush drum kit|brushed kit|brushed snare kit"
            "|drum brushes|soft brushes|jazz brushes|swishing brushes|brushed drum kit"
            "|ballad brushes|stirring brushes|brushes on snare|brushes kit",
    }),
    "elements": _rows({
        "hi-hat": "hi hats|high hat|high hats|high-hat|high-hats|hat|hh|closed hats|open hats"
            "|charleston|charley|hi-hat cymbals|sock cymbal|tss tss|trap hats",
        "kick drum": "bass drums|base drum|bd|kik|kickdrum|kickdrums|foot drum|four on the floor"
            "|grosse caisse|bombo|boom drum|thump drum|808 kick",
        "snare drum":
            "sd|snr|snare hit|snaredrum|caisse claire|backbeat snare|backbeat|marching snare"
            "|rullante|kleine trommel|piccolo snare|909 snare",
        "shaker": "maraca|cabasa|caxixi|ganza|ganzá|rattle|rattles|shakeres|rice shaker|afoxé"
            "|egg shakers|seed shaker|shekere|shaking percussion|sand shaker",
        "congas":
            "conga drum|tumbadoras|quinto|bongo|bongos|latin drums|cuban drums|tumba|conga hits"
            "|latin hand drums|hand percussion|conga slaps|bongo drums",
        "ride cymbal":
            "ride pattern|jazz ride|ride bell|ride hits|swing ride|ping cymbal|ride ping"
            "|sizzle ride|flat ride|jazz cymbal|spang-a-lang|ride tip",
        "tambourine": "tambo|tambos|tambourin|pandeiro|riq|tamborine|tambourines shaken|pandereta"
            "|hand jingles|gospel tambourine|motown tambourine|schellenkranz|jingle drum",
        "toms": "tom|tom-tom drums|floor tom|floor toms|rack tom|rack toms|low toms|high toms"
            "|tom fills|tomtoms|mid toms|hanging toms|roto toms|rototoms|simmons toms",
        "cowbell":
            "agogo|agogô|cencerro|cha cha bell|latin bell|808 cowbell|bongo bell|clank bell"
            "|cowbell hits|phonk cowbell|more cowbell|kuhglocke",
    }),
    "one_shots": _rows({
        "kick": "kicks|kick one shot|single kick|kick shot|kickdrum|bass drum hit|kick sound"
            "|808 kick|909 kick|punchy kick|techno kick|house kick|hardstyle kick|gabber kick"
            "|trap kick|kick thump|foot drum|kik|base drum|acoustic kick|boomy kick"
            "|single bass drum|bombo",
        "snare":
            "snares|snare one shot|single snare|snare shot|snare crack|snaredrum|snr|trap snare"
            "|808 snare|909 snare|acoustic snare|fat snare|tight snare|snappy snare|rock snare"
            "|snare strike|backbeat hit|caisse claire|snare drum hit|military snare",
        "clap":
            "claps|hand claps|handclaps|clap one shot|single clap|clap sound|808 clap|909 clap"
            "|trap clap|house clap|clap snap|drum machine clap|palmas|clap of hands|one clap"
            "|electronic clap|layered clap|disco clap|clapping hands|digital clap|clp",
        "closed hi-hat":
            "closed hi hat|closed hats|closed high hat|closed high-hat|hi hat|hat|hats|hh|ch"
            "|chh|tight hat|tight hi-hat|short hat|hat tick|hat tap|808 closed hat"
            "|909 closed hat|trap hat|high hat|closed hat sample|hi-hat one shot|ticking hat"
            "|pedal hat|foot hat|shut hi-hat",
        "open hi-hat":
            "open high hat|open high-hat|open hats|ohh|oh hat|open hi-hats|open hi-hat hit"
            "|open hat sample|open hat one shot|808 open hat|909 open hat|offbeat hat"
            "|sizzling hat|long hat|long hi-hat|hissing hat|washy hat|half-open hat|splashy hat"
            "|ringing hat|tsss hat|single open hat|loose hi-hat",
        "tom": "toms|tom drum hit|floor tom|rack tom|low tom|high tom|mid tom|tom one shot"
            "|single tom|tom shot|tom sound|tom-tom hit|tomtom|808 tom|909 tom|electronic tom"
            "|simmons tom|tribal tom|rototom|hi tom|deep tom hit|acoustic tom",
        "crash":
            "crashes|crash one shot|single crash|splash cymbal|china cymbal|cymbal hit|cymbals"
            "|cymbal splash|crash sound|909 crash|crash cymbals|piatti|clash cymbal"
            "|orchestral cymbals|hand cymbals|zildjian crash|loud cymbal|china crash"
            "|cymbal bang|big cymbal",
        "ride": "ride one shot|single ride|ride sound|ride ping|ride bell|jazz ride|ride tap"
            "|ride tip|909 ride|ride stroke|ping cymbal|flat ride|sizzle ride|ride cymbals"
            "|rides|techno ride|cup of ride|jazz cymbal|ride cymbal sample"
            "|sustained ping cymbal|ride stick hit",
        "cowbell": "cowbells|808 cowbell|agogo|agogo bell|cencerro|cowbell one shot|cowbell sound"
            "|cowbell shot|latin cowbell|phonk cowbell|cha cha bell|struck cowbell|clonk bell"
            "|cowbell clank|cowbell tap|more cowbell|metal clonk|salsa cowbell",
        "rimshot": "rimshots|rim click|rimclick|rim hit|rim tap|rim sound|cross stick|cross-stick"
            "|xstick|snare rim|rim knock|808 rimshot|909 rim|rim one shot|single rimshot"
            "|snare rimshot|stick click|bossa rim|rim sample|side-stick|stick on rim"
            "|clave-like rim",
        "shaker":
            "shakers|shaker one shot|maracas|cabasa|caxixi|shake hit|shaker sound|ganza|rattle"
            "|shekere|shaker shake|808 maraca|egg shake|sand shaker|seed shaker|rattle shake"
            "|rice shaker|shaker shot|one shake|cabasa hit|shaker tick|short shake",
        "tambourine": "tambourines|tambo|tambourine one shot|single tambourine|tambourine sound"
            "|jingle hit|jingles|pandeiro|riq|tamborine|jingle shake|tambourine tap"
            "|tambourine strike|tamb shake|tambo hit|tambourine shot|tambourine jingle"
            "|pandereta|hand jingles|hit tambourine",
        "conga":
            "congas|conga one shot|single conga|bongo|bongo hit|bongos|tumba|quinto|conga slap"
            "|conga tap|conga sound|muted conga|open conga|latin drum|latin percussion hit"
            "|hand drum hit|808 conga|cuban drum|bongo drum|djembe hit|hand percussion hit"
            "|conga shot",
        "pluck":
            "plucks|synth pluck|pluck one shot|pluck note|pluck sample|plucky note|plucky synth"
            "|pluck shot|string pluck|plucked synth|plucked tone|picked note|short pluck"
            "|single plucked note|guitar pluck|harp pluck|pizzicato note|pizz note|edm pluck"
            "|plucked sound|twang|kalimba note",
        "synth stab": "synth stabs|synth one shot|synth shot|single synth stab|synthesizer stab"
            "|techno stab|hoover stab|rave hit|stab sample|stab sound|electronic stab"
            "|synth blast|short synth hit|trance stab|synthesizer hit|brass synth stab"
            "|hardcore stab|saw stab|stabs|stabby synth|synth jab",
        "chord stab": "chord stabs|chord shot|piano stab|piano chord hit|house piano stab"
            "|minor chord stab|major chord stab|dub chord|dub techno chord|organ stab"
            "|deep house chord|chord sample|chord note|chord hit sample|single chord hit"
            "|one chord|stabbed chord|short chord|chords one shot|minor chord|chord strike"
            "|detroit chord|garage chord",
        "bell": "bells|bell one shot|bell note|bell tone|bell sample|bell strike|ding|chime"
            "|chime hit|single chime|fm bell|synth bell|glockenspiel hit|tubular bell hit"
            "|bell chime|struck bell|bell shot|trap bell|church bell hit|tinkle|ting|bell toll",
        "bass note": "bass notes|bass stab|bass sound|bass sample|bass pluck|one bass note"
            "|bass guitar note|single bass|low note|reese note|bass tone|bass guitar hit"
            "|sub note|bass shot sample|slap bass note|upright bass note|low synth note"
            "|fm bass hit|bass synth hit|bass single note|wobble note",
        "808 bass":
            "808s|808 bass note|808 sample|808 one shot|808 boom|booming 808|distorted 808"
            "|sub 808|808 sub bass|trap bass|trap 808|sliding 808|clean 808|spinz 808|zay 808"
            "|tr-808 bass|deep 808|boomy 808|808 low end|hard 808|gliding 808",
        "vocal ooh":
            "vocal hit|vocal stab|vocal shot|vox|vox hit|voice one shot|vocal sample|vocal aah"
            "|aah|ahh|oohs|vox stab|vocal shout|voice hit|singer note|sung note|vocal chops"
            "|voice sample|choir stab|choir one shot|choir ooh|vowel hit|human voice hit"
            "|vocal note",
        "orchestra hit": "orch stab|orchestral hits|orchestra hits|orchhit|orchestral one shot"
            "|orchestra one shot|fairlight orchestra hit|orch5|fairlight orch5|symphony hit"
            "|symphony stab|symphonic stab|orchestra blast|full orchestra hit|tutti hit"
            "|orchestral tutti|planet rock hit|80s orchestra hit|orchestra shot|sforzando hit"
            "|orchestral accent|orchestra bang|new jack swing hit",
    }),
    "sound_effects": _rows({
        "rain": "rains|raindrops|drizzling|rainy day|rain shower|rain on window|rain on roof"
            "|gentle rain|soft rain|rain ambience|rain noise|april shower|patter of rain"
            "|pitter patter|rainy weather|spring rain|steady rain|rain falling|rain on leaves"
            "|wet weather|sprinkle of rain",
        "heavy rain":
            "rain storm|heavy shower|deluge|bucketing down|raining cats and dogs|monsoon"
            "|strong rain|lashing rain|intense rain|heavy rainfall|heavy downpour|raining hard"
            "|driving rain|tropical rain|rain hammering down|tipping it down|sheeting rain"
            "|big rain|chucking it down|torrential downpour",
        "wind": "winds|gust|gusty wind|gale|howling wind|strong wind|desert wind|winter wind"
            "|blizzard wind|wind howling|windstorm|storm wind|whistling wind|wind in trees"
            "|arctic wind|cold wind|windy|hurricane wind",
        "thunder":
            "thunders|thunderstorm|lightning strike|lightning|crack of thunder|thunder crack"
            "|distant thunder|rumbling thunder|thunder roll|thunder strike|lightning bolt"
            "|clap of thunder|electrical storm|thunder crash|loud thunder|storm thunder"
            "|thunder boom|peal of thunder|thundering sky|storm rumble",
        "sea waves": "wave|seaside|beach|shore|shoreline|ocean surf|crashing waves|waves crashing"
            "|breaking waves|beach ambience|sea sound|ocean sound|waves lapping|coast|sea shore"
            "|surf on the beach|tide|rolling waves|seawash|atlantic waves|sound of the sea",
        "stream": "streams|small river|flowing river|river flowing|trickling stream|water flowing"
            "|water running|stream of water|mountain stream|forest stream|burbling brook"
            "|babbling stream|rushing stream|beck|running stream|running brook|river ambience"
            "|gurgling stream|trickling water|water stream|flowing creek|rapids",
        "fire":
            "fires|camp fire|fire crackling|crackle of fire|flames|flame|fire crackle|log fire"
            "|wood fire|open fire|burning wood|fire place|blaze|burning logs|fire pit"
            "|torch burning|roaring fire|blazing fire|wood burning|cosy fireplace"
            "|cozy fireplace",
        "bubbles": "bubble|bubbling liquid|boiling water|boiling|aquarium bubbles|fish tank"
            "|fish tank bubbles|bubbling cauldron|cauldron|witch's cauldron|potion bubbling"
            "|blub blub|blowing bubbles|simmering|fizzing bubbles|scuba bubbles|diver bubbles"
            "|water boiling|bubble pop|bubbling potion|bubbles in water|blubbing",
        "water drop":
            "water drops|drips|droplet|droplets|water droplet|water droplets|dripping tap"
            "|dripping faucet|leaky tap|leaky faucet|drip drop|water dripping|tap drip"
            "|faucet drip|cave drip|plop|plink of water|plip plop|single drop|drop falling"
            "|drop in water|cave water drops|drip drip drip",
        "birds": "bird|bird singing|songbird|songbirds|bird chirping|birds chirping|tweeting"
            "|tweet tweet|forest birds|morning birds|chirp of birds|bird call|bird calls"
            "|twittering birds|bird ambience|garden birds|sparrows|robin singing|blackbird song"
            "|birds tweeting|nightingale|canary",
        "crickets":
            "cricket chirp|cricket chirping|chirping crickets|cicada|grasshopper|grasshoppers"
            "|night insects|insects|insect chirping|nighttime insects|night ambience"
            "|summer night|awkward silence crickets|chirring insects|night time crickets"
            "|crickets at night|locusts|field crickets|insects at night|night bugs",
        "heartbeat": "heartbeats|heart|heart pulse|pounding heart|heart pounding|heart sound"
            "|cardiac beat|lub dub|lub-dub|pulse beat|human heart|thumping heart|racing heart"
            "|heart thump|heart throb|throbbing heart|baby heartbeat|cardiac rhythm"
            "|slow heartbeat|heart racing|horror heartbeat",
        "laser": "lasers|lazer|laser beam|laser sound|blaster|blaster shot|raygun|zap|pew"
            "|pew pew laser|phaser gun|phaser shot|plasma gun|star wars blaster|space gun"
            "|space shot|laser fire|energy weapon|laser pistol|death ray|zapper|arcade laser"
            "|laser cannon|sci-fi gun",
        "riser":
            "risers|build-up|buildup|synth riser|noise riser|white noise riser|up sweep|upsweep"
            "|sweep up|rising sweep|rising tension|riser fx|uplift|up-lifter|edm riser"
            "|pitch riser|rising noise|transition riser|pre-drop build|build before drop"
            "|tension build|snare build riser|ascending sweep|swell up|rise",
        "downlifter": "downlifters|down-lifter|down sweep|sweep down|downward sweep|falling sweep"
            "|noise fall|fall effect|downlift|falling pitch|pitch drop|drop-down|reverse riser"
            "|descending sweep|descending synth|noise downlifter|down fx|downsweeper"
            "|falling effect|down sweep fx|sweepdown|falling noise|dive bomb synth",
        "impact":
            "impacts|slam|cinematic boom|trailer hit|trailer impact|movie trailer boom|braam"
            "|sub boom|sub drop impact|epic hit|deep boom|bass impact|boom hit|heavy impact"
            "|low boom|cine hit|big boom|huge impact|stinger hit|epic impact|dramatic hit"
            "|booming hit",
        "whoosh": "whooshes|swooshes|wooshing|whooshing|swooshing|whoosh sound|fast whoosh"
            "|pass by whoosh|flyby|whoosh by|swish sound|sword swish|swing whoosh"
            "|transition whoosh|fast pass|swipe|swipe sound|whip by|air swish|passing whoosh"
            "|wind-up whoosh|wush|zoom by",
        "siren":
            "sirens|police|police car|cop car|cop siren|ambulance|fire engine siren|fire engine"
            "|nee naw|wee-woo|wee woo|emergency vehicle|blues and twos|patrol car siren"
            "|wailing siren|squad car siren|wail siren|two-tone siren|martinshorn|police sirens"
            "|emergency services|ambulance sirens|woop woop police|fire brigade",
        "alarm": "alarms|alarm beep|burglar alarm|car alarm|fire alarm|smoke alarm|smoke detector"
            "|red alert|security alarm|alarm ringing|alarm buzzer|emergency alarm|buzzer alarm"
            "|wake-up alarm|digital alarm|intruder alarm|danger alarm|warning beep|alert tone"
            "|morning alarm|klaxon|alarm going off|evacuation alarm",
        "telephone ring":
            "telephones|phone|phone call|ring ring|old phone|old telephone|rotary phone"
            "|rotary phone ring|landline|landline ringing|phone bell|ringtone|ringing telephone"
            "|incoming call|telephone bell|office phone|phone rings|telephone rings|dring dring"
            "|vintage telephone|mobile ringing|cell phone ring|desk phone",
        "spaceship hum":
            "space ship|spacecraft|starship|starship engine|star trek engine|enterprise bridge"
            "|ufo hum|ufo|spaceship interior|spaceship ambience|spaceship drone|warp core"
            "|warp drive|space drone|space engine|sci-fi drone|sci-fi ambience"
            "|space station hum|space ship hum|alien ship|rocket ship interior|sci-fi engine"
            "|flying saucer|spaceship cockpit",
        "static noise": "statics|tv noise|tv snow|television static|radio noise|detuned radio"
            "|radio interference|interference|hiss|tape hiss|white noise hiss|pink noise"
            "|brown noise|noise floor|untuned tv|untuned radio|shortwave static|no signal"
            "|signal noise|electrical static|dead channel|radio hiss|analog noise",
        "vinyl crackle":
            "vinyl crackling|vinyl|record|vinyl record|vinyl pops|vinyl hiss|record hiss"
            "|record pops|needle noise|turntable crackle|record player crackle|lp crackle"
            "|dusty vinyl|dusty record|old vinyl|gramophone crackle|surface noise"
            "|vinyl surface noise|pops and clicks|lofi crackle|phonograph crackle"
            "|dust and scratches|78 rpm crackle|crackle",
        "coin": "coins|mario coin|super mario coin|coin sound|coin get|coin grab|coin chime"
            "|coin bling|gold coin|collect coin|pick up coin|picking up coins|retro coin"
            "|8-bit coin|sonic ring|ring collect|coin jingle|insert coin|collecting coin"
            "|money pickup|pickup item|item pickup|coin bleep",
        "power-up": "power ups|power-ups|powerups|level-up|mario mushroom|mushroom power up"
            "|game upgrade|upgrade sound|1-up|extra life|one up|game boost|power up jingle"
            "|8-bit power up|levelling up|leveling up|bonus sound|retro power up"
            "|arcade power up|ability unlocked|powering up|achievement unlocked|star power"
            "|health pickup",
        "jump":
            "jumps|jumping|mario jump|super mario jump|hop|game hop|platformer jump|retro jump"
            "|arcade jump|character jump|jump sfx|boing|bounce jump|spring jump|jump up|leap"
            "|hopping|boing jump|chiptune jump|jumping character|double jump|jumpy bleep",
        "button click":
            "clicks|button|button clicks|push button|pressing a button|clicking|ui sound"
            "|menu click|mouse clicking|clicking mouse|switch click|light switch|switch flick"
            "|menu select|tap click|app click|interface button|button push|clicky button"
            "|toggle click|mouse button|computer click|ui tap",
        "robot beep": "robots|robotic|robot voice|r2d2|r2-d2|r2d2 beeps|droid beeps|android beeps"
            "|robot talking|bleep bloop|bleeps and bloops|beep boop|computer bleeps|cyborg"
            "|computer talking|robotic beep|sci-fi computer|wall-e|robot chatter"
            "|data processing beeps|robot chirp|machine bleeps|retro computer beeps"
            "|electronic bleeps",
        "engine": "engines|car|car motor|car running|engine idle|idling engine|engine idling"
            "|engine revving|revving|rev|v8|v8 engine|motorbike|motorcycle|truck engine"
            "|diesel engine|tractor|automobile|vehicle engine|lorry|outboard motor|car idling"
            "|race car|vroom",
        "helicopter": "helicopters|choppers|copter|whirlybird|helo|helicopter hovering"
            "|helicopter overhead|helicopter flyover|rotor blades|rotor|rotors|huey"
            "|apache helicopter|black hawk|blackhawk|air ambulance helicopter|chopper blades"
            "|chopper flying|chop chop chop|spinning rotor|helicopter engine|helicopter sound"
            "|apocalypse now chopper",
        "train": "trains|railroad|railroad train|steam engine train|choo choo|choo-choo"
            "|chugging train|train ride|train wheels|train carriage|train journey|freight train"
            "|subway|subway train|tube train|metro train|underground train|clickety-clack"
            "|train passing by|clackety clack|express train|train chugging",
        "explosion":
            "explosions|exploding|kaboom|ka-boom|blow up|blowing up|bomb blast|bombs|dynamite"
            "|grenade|hand grenade|tnt|bomb going off|explosive|nuclear explosion|nuke"
            "|grenade explosion|c4|blast wave|huge explosion|building exploding"
            "|mortar explosion|distant explosion|missile hit",
        "gunshot":
            "gunshots|gunfire|gun shots|pistol|rifle|rifle shot|shotgun|shotgun blast|handgun"
            "|revolver|glock|firearm|bullet|fired gun|shot fired|shots fired|weapon fire"
            "|gun sound|shoot|shooting a gun|machine gun|sniper shot|sniper rifle|bang of a gun"
            "|ak-47",
        "clock ticking":
            "clocks|clock ticks|tick|tick-tock|tick tick tick|ticking watch|watch ticking"
            "|wall clock|grandfather clock|stopwatch|pocket watch|wristwatch|mantel clock"
            "|second hand|timer ticking|countdown clock|pendulum clock|kitchen timer"
            "|clock sound|ticktock|ticking time bomb|passing seconds",
        "fan": "fans|cooling fan|computer fan|ceiling fan|desk fan|pc fan|box fan|floor fan"
            "|extractor fan|ventilation fan|ventilation|air conditioner|air con|aircon"
            "|air conditioning|fan whirring|whirring fan|fan blowing|table fan|exhaust fan"
            "|bathroom fan|fan blades|oscillating fan",
        "factory machine": "factories|machines|industrial machinery|heavy machinery|factory floor"
            "|production line|conveyor belt|mechanical press|hydraulic press|stamping machine"
            "|industrial noise|workshop machine|mill machinery|machine shop|manufacturing plant"
            "|pneumatic machine|factory ambience|machine hum|loom|printing press"
            "|industrial press|factory noise",
        "bell": "bells|handbell|ding|ding dong|dinner bell|desk bell|service bell|reception bell"
            "|hotel bell|shop bell|school bell|bicycle bell|bike bell|little bell|tinkling bell"
            "|jingle of a bell|call bell|bell ring|bell rings|counter bell|cat bell|ting-a-ling"
            "|boxing bell",
        "church bell":
            "church bells ringing|church bell ringing|bells tolling|bell tolling|tolling bells"
            "|cathedral bells|church tower|steeple bell|steeple bells|wedding bells"
            "|funeral bell|big ben|bell toll|village church bell|carillon|belfry|chapel bell"
            "|minster bells|bells of notre dame|peal of bells|church clock chime|monastery bell"
            "|angelus bell|campanile",
        "footsteps": "footstep|foot step|footfall|step|walk|walking feet|footsteps walking"
            "|steps on gravel|gravel footsteps|high heels walking|high heels|boots walking"
            "|someone walking|walking on wood|footsteps on snow|walking in snow|stepping"
            "|heels on floor|shoes on floor|running footsteps|pacing|tread|stomping feet"
            "|footsteps on stairs",
        "typing":
            "keyboard clicks|key clicks|keyboard clacking|typewriter|typist|mechanical keyboard"
            "|keyboard tapping|typing keys|keys typing|person typing|office typing"
            "|laptop typing|pc keyboard|typing fast|typing text|key presses|tapping keys"
            "|clacking keys|typing sound|someone typing|hacker typing|tippity tap"
            "|typewriter keys",
        "door knock": "door knocks|knock|knocks|knock at door|knock at the door|knock on the door"
            "|knocking at the door|rapping on door|rap at the door|tapping on door"
            "|banging on door|door banging|pounding on door|someone at the door|rat-a-tat-tat"
            "|visitor knocking|knuckles on wood|knock on wood|wood knock|wooden door knock"
            "|three knocks|door rap|police knock",
        "creaking door": "creaking|creak|creaks|creaky|creaking hinge|creaky hinge|squeaky hinge"
            "|squeaking door|rusty door|door hinge|hinge squeak|haunted house door"
            "|old door opening|creaking gate|rusty gate|squeaking hinge|horror door"
            "|door opening slowly|door groaning|crypt door|wooden door creak|spooky door"
            "|creaking doors",
        "applause": "applauding|clap clap|cheering crowd|crowd cheering|cheers and applause"
            "|audience clapping|audience|crowd applause|round of applause|theatre applause"
            "|theater applause|concert applause|clapping crowd|clapping hands|hand clapping"
            "|hands clapping|claps|polite applause|bravo|crowd cheers|people applauding",
        "glass break": "glass breaks|broken glass|smashing glass|shattered glass|glass shattering"
            "|glass smashing|glass crash|window break|breaking window|window smash"
            "|smashed window|bottle smash|bottle breaking|bottle break|dropped glass"
            "|smashing bottle|glass crashing|shards of glass|window shattering|dropping a glass"
            "|wine glass breaking|crashing glass",
        "zipper":
            "zippers|zips|zip up|zip down|unzip|unzipping|zipping up|jacket zip|jacket zipper"
            "|bag zip|bag zipper|trouser zip|zipper opening|opening a zip|closing a zip|fly zip"
            "|tent zip|tent zipper|zip sound|zippers closing|ykk zip|sleeping bag zip|ziiip"
            "|coat zip|zip pull",
    }),
}  # fmt: skip
"""Of each table, by canonical name."""
