// SPDX-License-Identifier: GPL-2.0-or-later

// What the page asks the service.  Whatever goes wrong is a ServiceError, whose code
// names a text ("error.CODE").

import { keep, recall } from './storage.js';

export class ServiceError extends Error {
  /** @param {object} data what the text is filled with: message, seconds */
  constructor(code, data = {}) {
    super(data.message ?? code);
    this.code = code;
    this.data = data;
  }
}

let token = recall('sessionStorage', 'token');

/** The word that the service asks for, kept until the tab is closed. */
export function setToken(value) {
  token = value;
  keep('sessionStorage', 'token', value);
}

function headers() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** The error that an answer with another status than 200 tells of. */
function errorOf(status, body, retryAfter) {
  let error = {};

  try {
    error = JSON.parse(body).error ?? {};
  } catch {
    // not one of the service's own answers
  }
  return new ServiceError(error.code ?? 'unknown', {
    message: error.message ?? `HTTP ${status}`,
    seconds: Number(retryAfter) || 5,
  });
}

async function request(path, options = {}) {
  let answer;

  try {
    answer = await fetch(path, { ...options, headers: headers() });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new ServiceError('gone');
  }
  if (!answer.ok)
    throw errorOf(answer.status, await answer.text(),
      answer.headers.get('Retry-After'));
  return answer;
}

/** {status: 'ok', max_size: bytes of the largest file} */
export async function fetchHealth(signal) {
  return (await request('health', { signal })).json();
}

/** {default: name, models: [{name, ...}]} */
export async function fetchModels() {
  return (await request('models')).json();
}

function formOf(file) {
  const form = new FormData();

  form.append('file', file, file.name);
  return form;
}

/** The mel spectrogram as a PNG: time from left to right, low below. */
export async function fetchSpectrogram(file, signal) {
  const answer = await request('spectrogram',
    { method: 'POST', body: formOf(file), signal });

  return answer.blob();
}

/** Takes text as it comes and calls @p onEvent (name, data) for each event in it. */
function eventParser(onEvent) {
  let rest = '';

  return (more) => {
    const events = (rest + more).split(/\r?\n\r?\n/);

    rest = events.pop();
    for (const event of events) {
      let name = 'message';
      const data = [];

      for (const line of event.split(/\r?\n/)) {
        const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (field === 'event')
          name = value;
        else if (field === 'data')
          data.push(value);
      }
      if (data.length > 0)
        onEvent(name, JSON.parse(data.join('\n')));
    }
  };
}

/** Why a connection broke. */
async function whyBroken() {
  try {
    await fetchHealth();
    return new ServiceError('interrupted');
  } catch (error) {
    return error;
  }
}

/** Asks for the genre of a file; the promise is of the whole result.
 *
 * XMLHttpRequest, for only that tells how much of the file has been sent.
 *
 * @param {(fraction: number) => void} onUpload
 * @param {(segment: object) => void} onSegment each one as it is classified */
export function predict(file, model, { onUpload, onSegment, signal }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    let seen = 0, result;
    const parse = eventParser((name, data) => {
      if (name === 'segment')
        onSegment(data);
      else if (name === 'result')
        result = data;
      else if (name === 'error')
        reject(errorOf(200, JSON.stringify(data)));
    });
    const read = () => {
      if (xhr.status !== 200)
        return;
      parse(xhr.responseText.slice(seen));
      seen = xhr.responseText.length;
    };

    xhr.open('POST', `predict/${encodeURIComponent(model)}`);
    xhr.setRequestHeader('Accept', 'text/event-stream');
    for (const [field, value] of Object.entries(headers()))
      xhr.setRequestHeader(field, value);
    xhr.upload.onprogress = (event) => onUpload(event.loaded / event.total);
    xhr.upload.onload = () => onUpload(1);
    xhr.onprogress = read;
    xhr.onload = () => {
      if (xhr.status !== 200) {
        reject(errorOf(xhr.status, xhr.responseText,
          xhr.getResponseHeader('Retry-After')));
        return;
      }
      read();
      if (result)
        resolve(result);
      else
        reject(new ServiceError('interrupted'));
    };
    xhr.onerror = async () => reject(await whyBroken());
    xhr.onabort = () => reject(new DOMException('Cancelled', 'AbortError'));
    signal.addEventListener('abort', () => xhr.abort());
    xhr.send(formOf(file));
  });
}
