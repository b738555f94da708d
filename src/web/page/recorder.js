// SPDX-License-Identifier: GPL-2.0-or-later

// Recording from the microphone, with its level.

import { clock, say } from './languages.js';

const LONGEST = 300; // s
const FLOOR = -60;   // dBFS, where the meter begins

// Music is not speech: nothing is to be "improved".
const CONSTRAINTS = {
  audio: {
    echoCancellation: false, noiseSuppression: false, autoGainControl: false,
  },
};

const ERRORS = {
  NotAllowedError: 'microphone-denied',
  SecurityError: 'microphone-denied',
  NotFoundError: 'no-microphone',
  NotReadableError: 'microphone-busy',
};

const SUFFIXES = { 'audio/ogg': 'ogg', 'audio/webm': 'webm', 'audio/mp4': 'm4a' };

/** The recording as a file.  A recorder's own mimeType is empty in some browsers
 * once it has stopped; the pieces that it gave still have it. */
export function fileOf(chunks) {
  const type = chunks.map((chunk) => chunk.type.split(';')[0]).find(Boolean) ?? '';
  const suffix = SUFFIXES[type];

  return new File(chunks, suffix ? `recording.${suffix}` : 'recording', { type });
}

/** Wires the record button.
 * @param {HTMLElement} label the button's text
 * @param {(file: File) => void} onFile the recording
 * @param {(code: string) => void} onError why there is none ("error.CODE")
 * @returns {() => void} ends a recording that is under way, and drops it */
export function initRecorder({ button, label, panel, time, level }, onFile, onError) {
  let recorder = null, starting = null;

  button.addEventListener('click', async () => {
    if (recorder) {
      if (recorder.state === 'recording')
        recorder.stop();
      return;
    }
    if (starting)
      return;
    const { signal } = starting = new AbortController();
    try {
      await start(signal);
    } catch (error) {
      if (!signal.aborted)
        onError(ERRORS[error.name] ?? 'microphone-busy');
    }
    starting = null;
  });

  async function start(signal) {
    // Browsers hide it from pages that came over plain http from elsewhere.
    if (!navigator.mediaDevices || !window.MediaRecorder) {
      onError('microphone-insecure');
      return;
    }
    const stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
    const context = new AudioContext();
    const release = () => {
      recorder = null;
      for (const track of stream.getTracks())
        track.stop();
      context.close();
    };

    try {
      signal.throwIfAborted(); // a file was chosen while the browser asked
      record(stream, context, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  function record(stream, context, release) {
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    const chunks = [];
    const begin = performance.now();

    // Firefox lets go of a source that nobody holds, and hears nothing any more: it is
    // held by what is called when the recording stops
    const source = context.createMediaStreamSource(stream);

    source.connect(analyser);
    recorder = new MediaRecorder(stream);
    recorder.dropped = false;
    recorder.addEventListener('dataavailable', ({ data }) => chunks.push(data));
    recorder.addEventListener('stop', ({ target }) => {
      source.disconnect();
      release();
      clearInterval(timer);
      panel.hidden = true;
      button.classList.remove('active');
      say(label, 'record');
      if (!target.dropped)
        onFile(fileOf(chunks));
    });
    recorder.start();
    time.textContent = clock(0);
    panel.hidden = false;
    button.classList.add('active');
    say(label, 'record.stop');

    const timer = setInterval(() => {
      const seconds = (performance.now() - begin) / 1000;

      time.textContent = clock(seconds);
      showLevel(analyser);
      if (seconds >= LONGEST && recorder.state === 'recording')
        recorder.stop();
    }, 50);
  }

  function showLevel(analyser) {
    const samples = new Float32Array(analyser.fftSize);
    let sum = 0;

    analyser.getFloatTimeDomainData(samples);
    for (const sample of samples)
      sum += sample * sample;

    const decibels = Math.max(FLOOR, 10 * Math.log10(sum / samples.length));
    level.setAttribute('aria-valuenow', Math.round(decibels));
    level.firstElementChild.style.width = `${100 * (1 - decibels / FLOOR)}%`;
  }

  return () => {
    starting?.abort();
    if (recorder?.state === 'recording') {
      recorder.dropped = true;
      recorder.stop();
    }
  };
}
