// Prompts to token ids: SentencePiece's unigram model, by the rules of T5.

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNKNOWN_PENALTY = 10;
const SPACE = "\u2581";
const END = "</s>";
const PADDING = "<pad>";

export class Tokenizer {
  /** @param {Uint8Array} file spiece.model. @param {number} maxLength tokens of the window. */
  constructor(file, maxLength) {
    this.maxLength = maxLength;
    this.pieces = new Map();
    this.scores = [];
    this.types = [];
    this.folds = false;
    readFields(file, {
      1: (bytes) => this.#addPiece(bytes),
      3: (bytes) =>
        readFields(bytes, { 1: (name) => (this.folds = text(name).endsWith("_cf")) }),
    });
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
    let normal = prompt.normalize("NFKC").replace(/\s+/gu, " ").trim();
    if (this.folds) normal = normal.toLowerCase();
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

const text = (bytes) => new TextDecoder().decode(bytes);

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
