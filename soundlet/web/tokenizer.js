// Prompts to token ids: SentencePiece's unigram model, by the rules of T5.

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNKNOWN_PENALTY = 10;
const SPACE = "\u2581";
const END = "</s>";
const PADDING = "<pad>";
const NO_RULES = new Uint8Array(4); // a trie of no units

export class Tokenizer {
  /** @param {Uint8Array} file spiece.model. @param {number} maxLength tokens of the window. */
  constructor(file, maxLength) {
    this.maxLength = maxLength;
    this.pieces = new Map();
    this.scores = [];
    this.types = [];
    let rules = NO_RULES;
    readFields(file, {
      1: (bytes) => this.#addPiece(bytes),
      3: (bytes) => readFields(bytes, { 2: (value) => (rules = value) }),
    });
    this.normaliser = new Normaliser(rules);
    const usual = this.scores.filter((_, id) => this.types[id] === NORMAL);
    this.best = usual.reduce((a, b) => Math.max(a, b), -Infinity);
    this.unknownScore = usual.reduce((a, b) => Math.min(a, b), Infinity) - UNKNOWN_PENALTY;
    this.unknown = this.types.indexOf(UNKNOWN);
    this.end = this.control.get(END);
    this.padding = this.control.get(PADDING);
    this.longest = [...this.pieces.keys()].reduce((n, piece) => Math.max(n, piece.length), 1);
  }

  control = new Map();

  #addPiece(bytes) {
    const id = this.scores.length;
    let piece = "";
    let score = 0;
    let type = NORMAL;
    readFields(bytes, {
      1: (value) => (piece = text(value)),
      2: (value) => (score = value),
      3: (value) => (type = value),
    });
    this.scores.push(score);
    this.types.push(type);
    if (type === CONTROL) this.control.set(piece, id);
    if (type === NORMAL || type === USER_DEFINED) this.pieces.set(piece, id);
  }

  /** Token ids and mask, each `maxLength` long; throws if the prompt has more tokens. */
  encode(prompt) {
    const ids = [...this.split(prompt), this.end];
    if (ids.length > this.maxLength) {
      throw new Error(
        `the prompt is ${ids.length - 1} tokens long; this model reads ${this.maxLength - 1}: shorten it`,
      );
    }
    const all = new BigInt64Array(this.maxLength).fill(BigInt(this.padding));
    const mask = new BigInt64Array(this.maxLength);
    ids.forEach((id, i) => {
      all[i] = BigInt(id);
      mask[i] = 1n;
    });
    return { ids: all, mask };
  }

  /** The likeliest division of the prompt into pieces. */
  split(prompt) {
    const plain = prompt.replaceAll("♯", "#").replaceAll("♭", "b"); // T5 has no pieces for them
    const normal = this.normaliser.apply(plain).replace(/ +/g, " ").replace(/^ | $/g, "");
    if (!normal) return [];
    const line = SPACE + normal.replaceAll(" ", SPACE);
    const best = new Array(line.length + 1).fill(null);
    best[0] = { score: 0, from: 0, id: -1 };
    for (let i = 0; i < line.length; i++) {
      if (!best[i]) continue;
      const char = String.fromCodePoint(line.codePointAt(i)).length;
      let hasOne = false;
      for (let n = 1; n <= this.longest && i + n <= line.length; n++) {
        const id = this.pieces.get(line.slice(i, i + n));
        if (id === undefined) continue;
        hasOne ||= n === char;
        const isOwn = this.types[id] === USER_DEFINED;
        this.#offer(best, i, n, id, isOwn ? n * this.best - 0.1 : this.scores[id]);
      }
      if (!hasOne) this.#offer(best, i, char, this.unknown, this.unknownScore);
    }
    const ids = [];
    for (let i = line.length; i > 0; i = best[i].from) ids.unshift(best[i].id);
    return ids.filter((id, i) => !(id === this.unknown && ids[i - 1] === this.unknown));
  }

  #offer(best, i, n, id, score) {
    const total = best[i].score + score;
    if (!best[i + n] || total > best[i + n].score) best[i + n] = { score: total, from: i, id };
  }
}

/** The rules of a SentencePiece model for writing text alike: what each run of bytes becomes. */
class Normaliser {
  /** @param {Uint8Array} rules the size of a double-array trie, its units, and what they lead to. */
  constructor(rules) {
    const view = new DataView(rules.buffer, rules.byteOffset, rules.byteLength);
    const size = view.getUint32(0, true);
    this.units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.outputs = rules.subarray(4 + size); // each ends in a zero
  }

  apply(prompt) {
    const bytes = new TextEncoder().encode(prompt);
    const out = [];
    for (let at = 0; at < bytes.length; ) {
      const { length, output } = this.#longest(bytes, at);
      if (length) {
        for (let i = output; this.outputs[i]; i++) out.push(this.outputs[i]);
        at += length;
      } else {
        do out.push(bytes[at++]);
        while ((bytes[at] & 0xc0) === 0x80); // the rest of a character
      }
    }
    return text(Uint8Array.from(out));
  }

  /** How many of the bytes from `at` on the longest rule covers, and where its output is. */
  #longest(bytes, at) {
    const { units } = this;
    const found = { length: 0, output: 0 };
    let place = offsetOf(units[0]);
    for (let i = at; i < bytes.length; i++) {
      place ^= bytes[i];
      const unit = units[place];
      if ((unit & 0x800000ff) !== bytes[i]) break;
      place ^= offsetOf(unit);
      if ((unit >>> 8) & 1) Object.assign(found, { length: i + 1 - at, output: units[place] & 0x7fffffff });
    }
    return found;
  }
}

/** How far the children of a unit are from it: 21 bits, in steps of 1 or of 256. */
const offsetOf = (unit) => (unit >>> 10) << ((unit & 0x200) >>> 6);

const text = (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** Calls `on[field]` with the content of each field of a protocol buffer. */
function readFields(bytes, on) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    let value;
    if (key % 8 === 0) value = varint();
    else if (key % 8 === 5) (value = view.getFloat32(at, true)), (at += 4);
    else if (key % 8 === 1) (value = view.getFloat64(at, true)), (at += 8);
    else {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    }
    on[field]?.(value);
  }
}
