// Sound to a WAV file of 16 bits.

/** @param {Float32Array[]} channels @param {number} rate in Hz @returns {Blob} */
export function wavFile(channels, rate) {
  const count = channels.length;
  const length = channels[0].length;
  const bytes = new ArrayBuffer(44 + 2 * count * length);
  const view = new DataView(bytes);
  const word = (at, text) => [...text].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, 36 + 2 * count * length, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, count, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * count * 2, true);
  view.setUint16(32, count * 2, true);
  view.setUint16(34, 16, true);
  word(36, "data");
  view.setUint32(40, 2 * count * length, true);
  for (let i = 0; i < length; i++) {
    for (let c = 0; c < count; c++) {
      const step = Math.max(-32768, Math.min(32767, Math.round(channels[c][i] * 32768)));
      view.setInt16(44 + 2 * (i * count + c), step, true);
    }
  }
  return new Blob([bytes], { type: "audio/wav" });
}
