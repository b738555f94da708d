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

/** What a status means that comes without the service's own words: a proxy before it
 * has answered, with a page of HTML. */
const STATUSES = {
  401: 'proxy-login',
  403: 'proxy-login',
  407: 'proxy-login',
  408: 'timeout',
  413: 'too-large',
  429: 'busy',
  502: 'gone',
  503: 'busy',
  504: 'timeout',
};

/** The error that an answer with another status than 200 tells of. */
function errorOf(status, body, retryAfter) {
  let error = null;

  try {
    ({ error } = JSON.parse(body));
  } catch {
    // not one of the service's own answers
  }
  return new ServiceError(error?.code ?? STATUSES[status] ?? 'unknown', {
    message: error?.message ?? `HTTP ${status}`,
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

/** {status: 'ok', max_size: bytes of the largest file, keep_uploads: s that a file is
 * kept for more questions, 0 or absent: it is not} */
export async function fetchHealth(signal) {
  return (await request('health', { signal })).json();
}

/** {default: name, min_confidence, models: [{name, ...}]} */
export async function fetchModels() {
  return (await request('models')).json();
}

/** {program: {version, license}, models, page, libraries: [{name, version, license}]} */
export async function fetchAbout() {
  return (await request('about')).json();
}

/** The piece of music that can be tried, as a file.
 * @param {string} name what to call it */
export async function fetchSample(name) {
  const blob = await (await request('sample.ogg')).blob();

  return new File([blob], name, { type: 'audio/ogg' });
}

/** Throws if the file is not there any more, or never was one that can be read. */
export async function assertReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new ServiceError('vanished', { name: file.name });
  }
}

function formOf(file) {
  const form = new FormData();

  form.append('file', file, file.name);
  return form;
}

/** Why a connection broke. */
async function whyBroken(file) {
  try {
    await assertReadable(file);
    await fetchHealth();
    return new ServiceError('interrupted');
  } catch (error) {
    return error;
  }
}

/** Sends a request about a file; the promise is of its XMLHttpRequest, which tells,
 * unlike fetch(), how much of a file has been sent.
 * @param {FormData | null} body
 * @param {(xhr: XMLHttpRequest) => void} onText more of a good answer has come */
function post(path, file, body, { accept, type = 'text', onUpload, onText, signal }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const isGood = () => xhr.status >= 200 && xhr.status < 300;

    xhr.open('POST', path);
    xhr.responseType = type;
    xhr.setRequestHeader('Accept', accept);
    for (const [field, value] of Object.entries(headers()))
      xhr.setRequestHeader(field, value);
    if (body) {
      xhr.upload.onprogress = (event) => onUpload?.(event.loaded / event.total);
      xhr.upload.onload = () => onUpload?.(1);
    }
    xhr.onprogress = () => isGood() && onText?.(xhr.responseText);
    xhr.onload = async () => {
      if (isGood())
        resolve(xhr);
      else
        reject(errorOf(xhr.status, await new Response(xhr.response).text(),
          xhr.getResponseHeader('Retry-After')));
    };
    xhr.onerror = async () => reject(await whyBroken(file));
    xhr.onabort = () => reject(new DOMException('Cancelled', 'AbortError'));
    signal.throwIfAborted();
    signal.addEventListener('abort', () => xhr.abort());
    xhr.send(body);
  });
}

/** A file, and the service's copy of it if it keeps one: that is asked again and again
 * while the file is sent only once. */
export class Upload {
  #id = null; // promise of the copy's id

  /** @param {boolean} isKept whether the service keeps files */
  constructor(file, isKept) {
    this.file = file;
    this.isKept = isKept;
  }

  /** Sends the file if there is no copy. */
  #send({ onUpload, signal }) {
    if (!this.#id) {
      const id = this.#id = post('uploads', this.file, formOf(this.file),
        { accept: 'application/json', onUpload, signal })
        .then((xhr) => JSON.parse(xhr.responseText).id);
      id.catch(() => this.#lose(id));
    }
    return this.#id;
  }

  #lose(id) {
    if (this.#id === id)
      this.#id = null;
  }

  /** Asks about the file, and sends it first if need be. */
  async ask(path, options) {
    if (!this.isKept)
      return post(path, this.file, formOf(this.file), options);
    for (let retries = 1; ; retries--) {
      const id = this.#send(options);
      const query = `?upload=${encodeURIComponent(await id)}`;

      options.onUpload?.(1);
      try {
        return await post(path + query, this.file, null, options);
      } catch (error) {
        // it is kept for a while only
        if (error.code !== 'no-upload' || retries === 0)
          throw error;
        this.#lose(id);
      }
    }
  }

  /** Has the service forget the file at once.  It would soon by itself. */
  async drop() {
    const id = this.#id;

    this.#id = null;
    try {
      if (id)
        await fetch(`uploads/${encodeURIComponent(await id)}`,
          { method: 'DELETE', headers: headers(), keepalive: true });
    } catch {
      // it was never there, or the service is gone
    }
  }
}

/** The mel spectrogram as a PNG: time from left to right, low below. */
export async function fetchSpectrogram(upload, signal) {
  const xhr = await upload.ask('spectrogram',
    { accept: 'image/png', type: 'blob', signal });

  return xhr.response;
}

/** The waveform of the whole file: the largest magnitude, 0 to 1, in each of a thousand
 * equal parts. */
export async function fetchWaveform(upload, signal) {
  const xhr = await upload.ask('waveform', { accept: 'application/json', signal });

  return JSON.parse(xhr.responseText).peaks;
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

/** Asks for the genre of a file; the promise is of the whole result.
 * @param {(fraction: number) => void} onUpload
 * @param {(segment: object) => void} onSegment each one as it is classified */
export async function predict(upload, model, { onUpload, onSegment, signal }) {
  let seen = 0, result, fault;
  const parse = eventParser((name, data) => {
    if (name === 'segment')
      onSegment(data);
    else if (name === 'result')
      result = data;
    else if (name === 'error')
      fault = errorOf(200, JSON.stringify(data));
  });
  const onText = (text) => {
    parse(text.slice(seen));
    seen = text.length;
  };
  const xhr = await upload.ask(`predict/${encodeURIComponent(model)}`,
    { accept: 'text/event-stream', onUpload, onText, signal });

  onText(xhr.responseText);
  if (!result)
    throw fault ?? new ServiceError('interrupted');
  return result;
}
