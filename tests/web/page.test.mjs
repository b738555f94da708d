// SPDX-License-Identifier: GPL-2.0-or-later

// The page in a real browser, asking the real service.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';

import {
  assertAccessible, closePage, folder, isFirefox, makeMusic, music, openPage,
  startBrowser, startService, stopServices,
} from './browser.mjs';

const LABELS = ['blues', 'classical', 'country', 'disco', 'hip-hop', 'jazz', 'metal',
  'pop', 'reggae', 'rock'];

let service, browser;

before(async () => {
  makeMusic();
  [service, browser] = await Promise.all([startService(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await stopServices();
  fs.rmSync(folder, { recursive: true });
});

/** Opens the page, does something with it, and closes it. */
async function withPage(options, use) {
  const page = await openPage(browser, service.url, options);

  await use(page);
  await closePage(page);
}

/** Asks, and waits for @p answers answers and the spectrogram. */
async function check(page, answers = 1) {
  await page.click('#check-button');
  await page.waitForSelector(`.answer:nth-child(${answers})`);
  await page.waitForSelector('#spectrogram:not([hidden])');
}

/** What the page says of a model's answer. */
function answer(page, index = 0) {
  return page.locator('.answer').nth(index).evaluate((element) => ({
    genre: element.querySelector('.best .bar-name').textContent,
    facts: element.querySelector('.facts').textContent,
    names: [...element.querySelectorAll('.bar-name')].map((e) => e.textContent),
    figures: [...element.querySelectorAll('.bar-figure')]
      .map((e) => parseInt(e.textContent)),
  }));
}

function assertMessage(page, pattern) {
  return page.locator('#message', { hasText: pattern }).waitFor({ timeout: 5000 });
}

for (const format of ['wav', 'mp3', 'ogg', 'flac', 'm4a'])
  test(`a .${format} file has a genre`, () => withPage({}, async (page) => {
    await page.setInputFiles('#file', music(`clip.${format}`));
    await check(page);

    const { genre, names, figures, facts } = await answer(page);
    const sum = figures.reduce((a, b) => a + b);

    assert.deepEqual([...names].sort(), LABELS);
    assert.equal(genre, names[0]);
    assert.deepEqual(figures, [...figures].sort((a, b) => b - a));
    assert.ok(Math.abs(sum - 100) <= 5, `the bars add up to ${sum} %`);
    assert.match(facts, /crnn.* 0:36 of audio/);
    assert.match(await page.textContent('#status'), new RegExp(`This is .*${genre}`));
    assert.equal(await page.locator('.segment').count(), 2);
    assert.equal(await page.textContent('#duration'), '0:36');

    // waveform and spectrogram are drawn, and not in one colour
    const colours = (selector) => page.locator(selector).first().evaluate((canvas) => {
      const { data } = canvas.getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
    assert.ok(await colours('#wave canvas') > 1);
    assert.ok(await colours('#spectrogram-image') > 20);
  }));

test('a file can be dropped anywhere', () => withPage({}, async (page) => {
  const bytes = fs.readFileSync(music('clip.ogg')).toString('base64');
  const data = await page.evaluateHandle(async (base64) => {
    const transfer = new DataTransfer();
    const music = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    transfer.items.add(new File([music], 'dropped.ogg', { type: 'audio/ogg' }));
    return transfer;
  }, bytes);

  await page.dispatchEvent('footer', 'drop', { dataTransfer: data });
  assert.equal(await page.textContent('#chosen-name'), 'dropped.ogg');
  await check(page);
  assert.ok(LABELS.includes((await answer(page)).genre));
}));

test('a recording has a level, can be heard, and has a genre', () =>
  withPage({}, async (page) => {
    await page.click('#record');
    await page.waitForFunction(() =>
      document.getElementById('level').getAttribute('aria-valuenow') > -50);
    // a microphone may be late, and 5 s are needed
    await page.waitForFunction(() =>
      document.getElementById('recording-time').textContent === '0:10');
    await page.click('#record');
    await page.waitForFunction(() => /^0:(0[5-9]|1\d)$/
      .test(document.getElementById('duration').textContent));
    await page.click('#play');
    await page.waitForFunction(() => document.getElementById('position').value > 0.2);
    await page.click('#play');
    await check(page);
    if (!isFirefox) // which hears a tone, not the clip
      assert.ok(LABELS.includes((await answer(page)).genre));
    assert.equal(await page.textContent('#record'), 'Record');
  }));

test('the model can be chosen, and two compared', () => withPage({}, async (page) => {
  const asked = [];

  page.on('request', (request) => {
    if (request.method() === 'POST')
      asked.push(new URL(request.url()).pathname);
  });
  await page.setInputFiles('#file', music('clip.ogg'));
  assert.equal(await page.inputValue('#model'), 'crnn');
  await page.selectOption('#model', 'cnn');
  await check(page);
  await page.selectOption('#compare', 'crnn');
  await check(page, 2);
  // one upload, five answers
  assert.deepEqual(asked, ['/uploads', '/predict/cnn', '/waveform', '/spectrogram',
    '/predict/cnn', '/predict/crnn', '/waveform', '/spectrogram']);

  const [first, second] = [await answer(page, 0), await answer(page, 1)];

  assert.deepEqual(first.names, second.names);
  assert.notDeepEqual(first.figures, second.figures);
  assert.equal(await page.locator('.timeline').count(), 2);
  assert.match(await page.textContent('#agreement'),
    first.genre === second.genre ? /say the same/ : /do not agree/);
  assert.equal(await page.locator('#compare option[value=cnn]').count(), 0);
}));

test('a click on a segment plays it, and no more', () => withPage({}, async (page) => {
  await page.addInitScript(() => {
    const Plain = Audio;
    window.Audio = function () {
      return window.heard = new Plain();
    };
  });
  await page.reload();
  await page.setInputFiles('#file', music('clip.mp3'));
  await check(page);
  await page.click('.segment >> nth=1');
  await page.waitForFunction(() => document.getElementById('position').value > 30.3);
  assert.match(await page.getAttribute('#play', 'class'), /playing/);
  assert.equal(await page.getAttribute('.segment >> nth=1', 'aria-current'), 'time');

  const [playhead, segment] = await page.evaluate(() =>
    [document.getElementById('playhead'), document.querySelectorAll('.segment')[1]]
      .map((element) => element.getBoundingClientRect().toJSON()));

  assert.ok(playhead.x > segment.x && playhead.x < segment.x + segment.width,
    `${playhead.x} in ${segment.x} + ${segment.width}`);

  // the first one stops where the second begins
  await page.click('.segment >> nth=0');
  await page.evaluate(() => { window.heard.playbackRate = 16; });
  await page.waitForFunction(() =>
    document.getElementById('position').value > 20 && window.heard.paused);
  assert.equal(await page.textContent('#time'), '0:30');
}));

test('all of it works by keyboard', () => withPage({}, async (page) => {
  const focused = () => page.evaluate(() => document.activeElement.id
    || document.activeElement.className);
  const tabTo = async (id, key = 'Tab') => {
    for (let i = 0; i < 12 && await focused() !== id; i++)
      await page.keyboard.press(key);
    assert.equal(await focused(), id);
  };

  const chooser = page.waitForEvent('filechooser');
  await tabTo('choose');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(music('clip.flac'));
  await tabTo('model');
  await page.keyboard.press('ArrowUp');
  await tabTo('check-button', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#spectrogram:not([hidden])');
  await tabTo('play');
  await tabTo('position');
  await page.keyboard.press('End');
  assert.match(await page.getAttribute('#position', 'aria-valuetext'), /0:3. of 0:36/);
  await page.keyboard.press('Home');
  await tabTo('segment');
  assert.match(await page.evaluate(() => document.activeElement.ariaLabel),
    /^Part 1, 0:00 to 0:30: .*%\. Play it\.$/);
  await page.keyboard.press('ArrowRight');
  assert.match(await page.evaluate(() => document.activeElement.ariaLabel),
    /^Part 2, 0:30 to 0:36/);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('position').value >= 30);
}));

test('what is no music, or too little of it, is said plainly', () =>
  withPage({}, async (page) => {
    await page.setInputFiles('#file', music('clip.ogg'));
    await page.setInputFiles('#file', music('empty.wav'));
    await assertMessage(page, 'empty.wav is empty.');
    assert.equal(await page.textContent('#chosen-name'), 'clip.ogg');

    await page.setInputFiles('#file', music('letter.mp3'));
    await page.waitForSelector('#unplayable:not([hidden])');
    await page.click('#check-button');
    await assertMessage(page, 'no sound that can be decoded');
    assert.equal(await page.textContent('#chosen-name'), 'letter.mp3');
    assert.equal(await page.locator('.timeline').count(), 0);

    await page.setInputFiles('#file', music('short.wav'));
    assert.ok(await page.locator('#message').isHidden());
    await page.click('#check-button');
    await assertMessage(page, 'at least 5 seconds');

    await page.setInputFiles('#file', music('silent.wav'));
    await check(page);
    assert.match(await page.textContent('.answer'), /nothing to hear/);

    await page.setInputFiles('#file', music('noise.wav'));
    await check(page);
    assert.match(await page.textContent('.answer'), /not sound like music.*0:10 of speech or noise/);
    assert.match(await page.getAttribute('.segment', 'aria-label'), /not music/);
    assert.equal(await page.isVisible('#legend'), false);
  }));

test('a file that is too large is refused before it is sent', async () => {
  const small = await startService('--max-size=100K');
  const page = await openPage(browser, small.url);

  const sent = [];

  page.on('request', (request) => {
    if (request.method() === 'POST')
      sent.push(request.url());
  });
  await page.setInputFiles('#file', music('clip.wav'));
  await page.click('#check-button');
  await assertMessage(page, /it is 6\.\d MB, .* at most 102 kB/);
  assert.deepEqual(sent, []);
  assert.equal(await page.textContent('#chosen-name'), 'clip.wav');
  await closePage(page);
  await small.stop();
});

test('a busy service is asked again', () => withPage({}, async (page) => {
  await page.route('**/predict/*', (route) => route.fulfill({
    status: 503, headers: { 'Retry-After': '7' },
    json: { error: { code: 'busy', message: 'Too many.', retryable: true } },
  }));
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.click('#check-button');
  await assertMessage(page, 'again in 7 seconds');
  await page.unroute('**/predict/*');
  await check(page);
  assert.ok(await page.locator('#message').isHidden());
}));

test('an upload that breaks off can be tried again', () => withPage({}, async (page) => {
  await page.route('**/predict/*', (route) => route.abort());
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.click('#check-button');
  await assertMessage(page, 'The connection broke off');
  await page.unroute('**/predict/*');
  await check(page);
}));

test('a service that is gone takes nothing with it', async () => {
  const first = await startService();
  const page = await openPage(browser, first.url);

  await page.setInputFiles('#file', music('clip.ogg'));
  await first.stop();
  await page.click('#check-button');
  await assertMessage(page, 'does not answer');
  assert.equal(await page.textContent('#chosen-name'), 'clip.ogg');

  const second = await startService(`--port=${first.port}`);
  await check(page);
  assert.ok(await page.locator('#message').isHidden());
  await closePage(page);
  await second.stop();
});

test('a spectrogram that does not come is told of, and not waited for', () =>
  withPage({}, async (page) => {
    await page.route('**/spectrogram*', (route) => route.abort());
    await page.setInputFiles('#file', music('clip.ogg'));
    await page.click('#check-button');
    await page.locator('#spectrogram-status', { hasText: 'The connection broke off' })
      .waitFor();
    await page.unroute('**/spectrogram*');

    // another file stops the upload
    await page.route('**/spectrogram*', () => {}); // never answered
    const asked = page.waitForRequest('**/spectrogram*');
    await page.click('#check-button');
    const upload = await asked;
    // WebDriver BiDi does not tell of it while the request is held back
    const stopped = isFirefox || page.waitForEvent('requestfailed',
      (request) => request === upload);
    await page.setInputFiles('#file', music('clip.mp3'));
    await stopped;
    assert.ok(await page.locator('#spectrogram-status').isHidden());
    await page.unroute('**/spectrogram*');
    await check(page);
  }));

test('a token is asked for', async () => {
  const locked = await startService('--token=sesame');
  const page = await browser.newPage({ locale: 'en-GB' });

  await page.goto(locked.url);
  await assertMessage(page, 'asks for an access token');
  await assertAccessible(page, 'the token');
  await page.keyboard.type('sesame');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#model option', { state: 'attached' });
  await page.setInputFiles('#file', music('clip.ogg'));
  await check(page);
  await page.close();
  await locked.stop();
});

test('a microphone that is not there, or not allowed, is said plainly', async (t) => {
  const deaf = await startBrowser({ microphone: false });
  t.after(() => deaf.close());
  const page = await openPage(deaf, service.url);

  // a sound server has always something to record: its own output
  if (isFirefox)
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException('', 'NotFoundError'));
    });
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.click('#record');
  await assertMessage(page, 'No microphone was found');
  assert.equal(await page.textContent('#chosen-name'), 'clip.ogg');
  await closePage(page);

  await withPage({}, async (other) => {
    await other.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException('', 'NotAllowedError'));
    });
    await other.click('#record');
    await assertMessage(other, 'not allowed');
  });

  // one that fails at last is let go of
  await withPage({}, async (other) => {
    await other.evaluate(() => {
      const { mediaDevices } = navigator;
      const open = mediaDevices.getUserMedia.bind(mediaDevices);
      const { start } = MediaRecorder.prototype;

      mediaDevices.getUserMedia = async (constraints) =>
        window.stream = await open(constraints);
      MediaRecorder.prototype.start = () => {
        MediaRecorder.prototype.start = start;
        throw new DOMException('', 'NotSupportedError');
      };
    });
    await other.click('#record');
    await assertMessage(other, 'cannot be used');
    assert.ok(await other.evaluate(() =>
      window.stream.getTracks().every((track) => track.readyState === 'ended')));
    await other.click('#record');
    await other.waitForSelector('#recording:not([hidden])');
  });
});

test('an upload is told of in quarters', {
  skip: isFirefox && 'only Chromium makes a line slow',
}, () => withPage({}, async (page) => {
  const network = await page.context().newCDPSession(page);

  await network.send('Network.emulateNetworkConditions', {
    offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 6e6,
  });
  await page.evaluate(() => {
    const status = document.getElementById('status');

    window.told = [];
    new MutationObserver(() => window.told.push(status.textContent))
      .observe(status, { childList: true, characterData: true, subtree: true });
  });
  await page.setInputFiles('#file', music('clip.wav'));
  await check(page);

  const told = await page.evaluate(() => window.told.flatMap((text) =>
    /^Uploading: (\d+)%$/.exec(text)?.[1] ?? []));
  // one may be passed over if the machine is busy
  assert.deepEqual(told, ['0', '25', '50', '75'].filter((n) => told.includes(n)));
  assert.ok(told.length > 1);
}));

test('a check can be cancelled', () => withPage({}, async (page) => {
  await page.route('**/predict/*', () => {}); // never answered
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.click('#check-button');
  await page.click('#cancel');
  assert.equal(await page.textContent('#status'), 'Cancelled.');

  // another file does it too
  await page.click('#check-button');
  await page.setInputFiles('#file', music('clip.mp3'));
  assert.ok(await page.locator('#cancel').isHidden());
  assert.equal(await page.textContent('#status'), 'clip.mp3 is chosen.');
  await page.unroute('**/predict/*');
  await check(page);
}));

test('the page is never blank', async () => {
  if (!isFirefox) { // WebDriver BiDi cannot do without
    const noScript = await browser.newPage({ javaScriptEnabled: false });

    await noScript.goto(service.url);
    await noScript.locator('noscript p').waitFor();
    await noScript.close();
  }

  const noTexts = await browser.newPage();

  await noTexts.route('**/languages/*', (route) => route.abort());
  await noTexts.goto(service.url);
  await noTexts.locator('#failed').waitFor();
  await noTexts.close();
});

test('a browser that keeps nothing will do', async () => {
  const page = await browser.newPage({ locale: 'en-GB' });

  await page.addInitScript(() => {
    for (const storage of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, storage, {
        get() {
          throw new DOMException('', 'SecurityError');
        },
      });
  });
  await page.goto(service.url);
  await page.selectOption('#language', 'pl');
  await page.waitForSelector('h1:has-text("Jaki to gatunek?")');
  assert.ok(await page.locator('#message').isHidden());
  await page.close();
});

test('every language says everything', async () => {
  const languages = {};

  for (const code of ['en', 'id', 'pl', 'zh']) {
    const texts = await (await fetch(`${service.url}/languages/${code}.json`)).json();

    languages[code] = Object.entries(texts).map(([key, text]) =>
      `${key} ${[...text.matchAll(/\{\w+\}/g)].sort()}`);
  }
  for (const code of ['id', 'pl', 'zh'])
    assert.deepEqual(languages[code], languages.en, code);

  await withPage({ locale: 'pl-PL' }, async (page) => {
    assert.equal(await page.textContent('h1'), 'Jaki to gatunek?');
    await page.setInputFiles('#file', music('clip.ogg'));
    await check(page);
    await page.selectOption('#language', 'id');
    await page.waitForSelector('h1:has-text("Genre apa ini?")');
    assert.match(await page.textContent('.best .bar-figure'), /^\d+%$/);
    assert.equal(await page.getAttribute('html', 'lang'), 'id');
    await page.reload();
    await page.waitForSelector('h1:has-text("Genre apa ini?")');
  });
});

test('the policy is strict', async () => {
  const { headers } = await fetch(service.url);
  const policy = headers.get('Content-Security-Policy');

  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|http:|https:|data:/);
});
