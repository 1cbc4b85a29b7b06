// The parts of a prompt, and the words that the server has for them.
import * as api from "./api.js";

export const NO_PARTS = Object.freeze({ text: "", genre: "", elements: [], mood: [], tempo: 0, key: "" });
const SURPRISES = ["loop", "loop", "loop", "texture", "one-shot", "effect"];
const REPEATS = ["loop", "texture"]; // presets that are whole bars

/** The words by their parts, and presets with an example; empty until `load` has been answered. */
export const words = { genre: [], elements: {}, mood: {}, tonics: {}, tempo: [60, 180], presets: [] };

export async function load() {
  Object.assign(words, await api.words());
}

/** The prompt of these parts, in the order that the model was taught. */
export function promptOf(parts) {
  return [parts.genre, parts.text.trim(), ...parts.elements, ...parts.mood, parts.key, parts.tempo && `${parts.tempo} BPM`]
    .filter(Boolean).join(", ");
}

/** The parts of an idea of the server; as plain text where they would make another prompt. */
function partsOf({ prompt, genre, elements, mood, key, tempo }) {
  const parts = { ...NO_PARTS, genre: genre ?? "", elements, mood, key: key ?? "", tempo: tempo ?? 0 };
  return promptOf(parts) === prompt ? parts : { ...NO_PARTS, text: prompt };
}

const idea = (preset, told) => ({ prompt: told.prompt, parts: partsOf(told), repeats: REPEATS.includes(preset) });

/** An idea of each preset, to begin with. */
export const examples = () => words.presets.map(({ name, about, example }) => ({ about, ...idea(name, example) }));

/** An idea at random. */
export async function surprise() {
  const preset = SURPRISES[Math.floor(Math.random() * SURPRISES.length)];
  return idea(preset, (await api.idea(preset)));
}
