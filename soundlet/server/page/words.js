// The words of the picker, by the parts of a prompt. docs/prompts.md has all that the model knows.
const list = (text) => text.split(", ");

export const GENRES = list("house, techno, trance, drum and bass, jungle, dubstep, hip hop, trap, lo-fi, rock, metal, funk, disco, reggae, bossa nova, latin, reggaeton, jazz, synthwave, downtempo, uk garage, breakbeat, pop, ambient, classical, cinematic, folk, chiptune, world");

export const ELEMENTS = {
  "Kinds": list("drum loop, bass line, chords, arpeggio, melody, pad, track, one shot, sound effect"),
  "Drums": list("808 kit, 909 kit, acoustic kit, trap kit, lo-fi kit, jazz kit, brush kit, 8-bit kit"),
  "Instruments": list("piano, electric piano, organ, music box, marimba, vibraphone, acoustic guitar, electric guitar, upright bass, synth bass, sub bass, acid bass, strings, violin, cello, harp, choir, trumpet, saxophone, flute, saw lead, supersaw, synth pluck, warm pad, dark pad, kalimba, steel drum, sitar"),
  "Single hits": list("kick, snare, clap, closed hi-hat, open hi-hat, tom, crash, cowbell, shaker, conga, bell, chord stab"),
  "Sound effects": list("rain, wind, thunder, sea waves, fire, birds, crickets, water drop, laser, riser, impact, whoosh, siren, coin, power-up, jump, engine, explosion, clock ticking, footsteps, door knock, applause, glass break, vinyl crackle"),
};

export const MOODS = {
  "Mood": list("happy, sad, dark, bright, calm, energetic, dreamy, aggressive, mysterious, chill, driving, epic, playful, uplifting, lonely"),
  "Texture": list("warm, crisp, airy, punchy, heavy, soft, muffled, wide, dry, spacious, minimal, busy"),
  "Effect": list("reverb, delay, distortion, low-pass filter, chorus, tremolo, bitcrushed, filter sweep, sidechain"),
};

export const ROOTS = list("C, C#, D, D#, E, F, F#, G, G#, A, A#, B");
export const TEMPOS = [70, 80, 90, 100, 110, 120, 128, 140, 160, 174];

export const IDEAS = [
  { text: "", genre: "techno", elements: ["drum loop", "909 kit"], mood: ["driving"], tempo: 128, key: "" },
  { text: "", genre: "jazz", elements: ["chords", "electric piano"], mood: ["warm"], tempo: 90, key: "D minor" },
  { text: "", genre: "ambient", elements: ["pad", "strings"], mood: ["dreamy"], tempo: 0, key: "A minor" },
  { text: "", genre: "", elements: ["rain"], mood: [], tempo: 0, key: "" },
  { text: "", genre: "", elements: ["kick"], mood: ["punchy"], tempo: 0, key: "" },
  { text: "", genre: "synthwave", elements: ["arpeggio", "saw lead"], mood: ["bright"], tempo: 110, key: "F minor" },
];

const any = (choices) => choices[Math.floor(Math.random() * choices.length)];

/** A prompt at random, of parts that go together. */
export function surprise() {
  if (Math.random() < 0.3) {
    const group = any(["Single hits", "Sound effects"]);
    return { text: "", genre: "", elements: [any(ELEMENTS[group])], mood: [any(MOODS.Texture)], tempo: 0, key: "" };
  }
  const kind = any(ELEMENTS.Kinds.slice(0, 6));
  const isDrums = kind === "drum loop";
  return {
    text: "", genre: any(GENRES), elements: [kind, any(ELEMENTS[isDrums ? "Drums" : "Instruments"])], mood: [any(MOODS.Mood)],
    tempo: kind === "pad" ? 0 : any(TEMPOS), key: isDrums ? "" : `${any(ROOTS)} ${any(["minor", "major"])}`,
  };
}

/** The prompt of these parts, in the order that the model was taught. */
export function promptOf(parts) {
  return [parts.genre, parts.text.trim(), ...parts.elements, ...parts.mood, parts.key && `in ${parts.key}`, parts.tempo && `${parts.tempo} BPM`]
    .filter(Boolean).join(", ");
}

export const NO_PARTS = Object.freeze({ text: "", genre: "", elements: [], mood: [], tempo: 0, key: "" });
