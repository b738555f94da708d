// SPDX-License-Identifier: GPL-2.0-or-later

// Hearing the chosen file: its waveform, and the position in it.

import { clock, name, text } from './languages.js';

// The stylesheet in wavesurfer's shadow root has the height in it, and the
// service's Content-Security-Policy allows that stylesheet by its digest: another
// height, or another version of wavesurfer.js, is another digest.
const WAVE_HEIGHT = 88;

function colours() {
  const style = getComputedStyle(document.documentElement);

  return {
    waveColor: style.getPropertyValue('--wave'),
    progressColor: style.getPropertyValue('--wave-played'),
  };
}

export class Player extends EventTarget {
  #elements;
  #audio = new Audio();
  #wave = null;
  #end = Infinity; // s: where a segment that is being heard ends
  #duration = 0;

  /** Events: "time" whenever the position moves, "duration" when it is known,
   * "unplayable" if the browser cannot play this kind of file. */
  constructor(elements) {
    super();
    this.#elements = elements;
    this.#audio.preload = 'metadata';

    elements.play.addEventListener('click', () => {
      this.#end = Infinity;
      if (this.#audio.paused)
        this.#play();
      else
        this.#audio.pause();
    });
    elements.position.addEventListener('input', () => {
      this.#end = Infinity;
      this.#audio.currentTime = elements.position.value;
      this.#showTime();
    });
    for (const event of ['play', 'pause', 'ended'])
      this.#audio.addEventListener(event, () => this.#showState());
    for (const event of ['timeupdate', 'seeked'])
      this.#audio.addEventListener(event, () => this.#showTime());
    this.#audio.addEventListener('loadedmetadata', () => this.#findDuration());
    this.#audio.addEventListener('durationchange', () => this.#findDuration());
    this.#audio.addEventListener('error', () => {
      elements.play.disabled = elements.position.disabled = true;
      this.dispatchEvent(new Event('unplayable'));
    });
    matchMedia('(prefers-color-scheme: dark)')
      .addEventListener('change', () => this.#wave?.setOptions(colours()));
  }

  get playing() {
    return !this.#audio.paused && !this.#audio.ended;
  }

  get time() {
    return this.#audio.currentTime;
  }

  /** Seconds; 0 if it is not known. */
  get duration() {
    return this.#duration;
  }

  load(file) {
    const { play, position, time } = this.#elements;

    this.#wave?.destroy();
    this.#wave = null;
    this.#duration = 0;
    this.#end = Infinity;
    play.disabled = position.disabled = false;
    position.value = 0;
    time.textContent = clock(0);
    URL.revokeObjectURL(this.#audio.src);
    this.#audio.src = URL.createObjectURL(file);
    this.file = file;
    this.#showState();
  }

  /** Plays from one second to another. */
  playSegment(start, end) {
    if (this.#audio.error)
      return;
    this.#audio.currentTime = start;
    this.#end = end;
    this.#play();
  }

  #play() {
    // refused if it is stopped at once, or another file comes
    this.#audio.play().catch(() => {});
  }

  /** Tells the length if the browser cannot. */
  setDuration(seconds) {
    if (this.#duration === 0)
      this.#haveDuration(seconds);
  }

  #findDuration() {
    const { duration } = this.#audio;

    if (this.#duration > 0)
      return;
    // A recording does not say how long it is; seeking behind its end finds out.
    if (duration === Infinity) {
      this.#audio.currentTime = Number.MAX_SAFE_INTEGER;
    } else if (duration > 0) {
      this.#audio.currentTime = 0;
      this.#haveDuration(duration);
    }
  }

  #haveDuration(seconds) {
    this.#duration = seconds;
    this.#elements.position.max = seconds;
    this.#elements.duration.textContent = clock(seconds);
    this.#showTime();
    this.dispatchEvent(new Event('duration'));
  }

  /** Draws the waveform of the file that was loaded last.
   * @param {number[]} peaks the largest magnitudes, 0 to 1, in equal parts of it */
  async drawWave(peaks) {
    const { file } = this;
    // late: nobody needs it before there is a result
    const { default: WaveSurfer } = await import('./wavesurfer.esm.js');

    if (file !== this.file)
      return; // another one came
    this.#wave?.destroy();
    this.#wave = WaveSurfer.create({
      container: this.#elements.wave,
      height: WAVE_HEIGHT,
      media: this.#audio,
      peaks: [peaks],
      duration: this.#duration,
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      cursorWidth: 0,
      interact: false, // the range over it is for keys, fingers and readers too
      hideScrollbar: true,
      normalize: true,
      ...colours(),
    });
  }

  #showState() {
    this.#elements.play.classList.toggle('playing', this.playing);
    name(this.#elements.play, this.playing ? 'pause' : 'play');
    if (this.playing)
      this.#follow();
  }

  #showTime() {
    const { position, time } = this.#elements;
    const now = this.#audio.currentTime;

    if (this.#duration === 0)
      return;
    if (now >= this.#end) {
      this.#end = Infinity;
      this.#audio.pause();
    }
    position.value = now;
    position.setAttribute('aria-valuetext', text('position.value',
      { now: clock(now), duration: clock(this.#duration) }));
    time.textContent = clock(now);
    this.dispatchEvent(new Event('time'));
  }

  /* "timeupdate" comes four times a second; the eye wants more. */
  #follow() {
    this.#showTime();
    if (!this.#audio.paused)
      requestAnimationFrame(() => this.#follow());
  }
}
