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

/** Wires the record button.
 * @param {(file: File) => void} onFile the recording
 * @param {(code: string) => void} onError why there is none ("error.CODE") */
export function initRecorder({ button, panel, time, level }, onFile, onError) {
  let recorder = null, starting = false;

  button.addEventListener('click', async () => {
    if (recorder) {
      if (recorder.state === 'recording')
        recorder.stop();
      return;
    }
    if (starting)
      return;
    starting = true;
    try {
      await start();
    } catch (error) {
      onError(ERRORS[error.name] ?? 'microphone-busy');
    } finally {
      starting = false;
    }
  });

  async function start() {
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

    context.createMediaStreamSource(stream).connect(analyser);
    recorder = new MediaRecorder(stream);
    recorder.addEventListener('dataavailable', ({ data }) => chunks.push(data));
    recorder.addEventListener('stop', () => {
      const type = recorder.mimeType.split(';')[0];

      release();
      clearInterval(timer);
      panel.hidden = true;
      button.classList.remove('active');
      say(button, 'record');
      onFile(new File(chunks, `recording.${type.split('/')[1]}`, { type }));
    });
    recorder.start();
    panel.hidden = false;
    button.classList.add('active');
    say(button, 'record.stop');

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
}
