// Playing: sample-accurate loops, and a switch between two sounds that keeps the place.

const SAMPLE_RATE = 44100; // the models': decoding to another would ring at the ends of a loop
const SWITCH_SECONDS = 0.012; // of fade, against a click

export class Player {
  #context;
  #source;
  #gain;
  #buffer;
  #startedAt = 0; // of the context's clock, for position 0
  #position = 0; // while it stands still
  isPlaying = false;
  loops = false;
  region = null; // [first, last] in seconds
  onChange = () => {};

  get #clock() {
    this.#context ??= new AudioContext({ sampleRate: SAMPLE_RATE });
    return this.#context;
  }

  /** Call while a click or key is handled: browsers let no page play without one. */
  wake() {
    this.#clock.resume();
  }

  decode(data) {
    return this.#clock.decodeAudioData(data);
  }

  get duration() {
    return this.#buffer?.duration ?? 0;
  }

  get position() {
    if (!this.isPlaying) return this.#position;
    const [first, last] = this.#bounds();
    let at = this.#clock.currentTime - this.#startedAt;
    if (this.loops && at >= last) at = first + ((at - first) % (last - first));
    return Math.min(at, this.duration);
  }

  /** Another sound; it keeps the place, and goes on playing, where `keepsPlace`. */
  load(buffer, { keepsPlace = false } = {}) {
    const { isPlaying, position } = this;
    this.#silence();
    this.#buffer = buffer;
    this.#position = keepsPlace ? Math.min(position, buffer.duration) : 0;
    const [first, last] = this.region ?? [];
    this.region = keepsPlace && first < buffer.duration ? [first, Math.min(last, buffer.duration)] : null;
    if (keepsPlace && isPlaying && this.#position < buffer.duration) this.play();
    else this.onChange();
  }

  play(from = this.#position) {
    if (!this.#buffer) return;
    this.wake();
    this.#silence();
    const [first, last] = this.#bounds();
    if (from >= last - 0.005 || (this.region && (from < first || from > last))) from = first;
    const source = new AudioBufferSourceNode(this.#clock, { buffer: this.#buffer, loop: this.loops, loopStart: first, loopEnd: last });
    this.#gain = new GainNode(this.#clock, { gain: 0 });
    this.#gain.gain.linearRampToValueAtTime(1, this.#clock.currentTime + SWITCH_SECONDS);
    source.connect(this.#gain).connect(this.#clock.destination);
    source.onended = () => this.#source === source && this.#ended();
    if (this.loops) source.start(0, from);
    else source.start(0, from, last - from);
    this.#source = source;
    this.#startedAt = this.#clock.currentTime - from;
    this.isPlaying = true;
    this.onChange();
  }

  pause() {
    this.#position = this.position;
    this.#silence();
    this.onChange();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  seek(position) {
    this.#position = Math.max(0, Math.min(position, this.duration));
    if (this.isPlaying) this.play(this.#position);
    else this.onChange();
  }

  setLoop(loops) {
    const { isPlaying, position } = this;
    this.loops = loops;
    if (isPlaying) this.play(position);
    else this.onChange();
  }

  setRegion(region) {
    const { isPlaying, position } = this;
    this.region = region;
    if (isPlaying) this.play(region ? region[0] : position);
    else if (region) this.seek(region[0]);
    else this.onChange();
  }

  #bounds() {
    return this.region ?? [0, this.duration];
  }

  #ended() {
    this.#position = this.#bounds()[0];
    this.#silence();
    this.onChange();
  }

  #silence() {
    this.isPlaying = false;
    const source = this.#source;
    this.#source = null;
    if (!source) return;
    const end = this.#clock.currentTime + SWITCH_SECONDS;
    this.#gain.gain.cancelScheduledValues(0);
    this.#gain.gain.setValueAtTime(this.#gain.gain.value, this.#clock.currentTime);
    this.#gain.gain.linearRampToValueAtTime(0, end);
    source.stop(end);
  }
}
