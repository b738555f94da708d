// SPDX-License-Identifier: GPL-2.0-or-later

// What the page says to people who are no engineers, in a real browser that asks the
// real service.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';

import {
  assertAccessible, assertNoOverflow, closePage, folder, isFirefox, makeMusic, music,
  openPage, startBrowser, startService, startServiceOf, stopServices,
} from './browser.mjs';

const GENRES = ['blues', 'classical', 'country', 'disco', 'hiphop', 'jazz', 'metal',
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

async function withPage(options, use) {
  const page = await openPage(browser, service.url, options);

  await use(page);
  await closePage(page);
}

function assertMessage(page, pattern) {
  return page.locator('#message', { hasText: pattern }).waitFor();
}

/** What a weights file says of how right its model is. */
function figuresOf(name) {
  const file = fs.readFileSync(`${process.env.GENRECLASSIFY_MODELS}/${name}.safetensors`);
  const header = file.subarray(8, 8 + Number(file.readBigUInt64LE(0)));

  return JSON.parse(JSON.parse(header).__metadata__.figures);
}

/** A result as the service would give it.
 * @param {Record<string, number>} some the others share what is left */
function resultOf(some, { music: sure = 1, genre } = {}) {
  const rest = 1 - Object.values(some).reduce((a, b) => a + b, 0);
  const others = GENRES.length - Object.keys(some).length;
  const probabilities = Object.fromEntries(GENRES.map((label) =>
    [label, some[label] ?? rest / others]));
  const [best] = [...GENRES].sort((a, b) => probabilities[b] - probabilities[a]);
  const answer = {
    genre: genre === undefined ? best : genre,
    confidence: genre === null ? 0 : probabilities[best],
    probabilities, silent: false, music: sure,
  };

  return {
    model: 'crnn 3', duration: 36, missing: 0, truncated: false,
    declared_duration: null, ...answer,
    segments: [{ start: 0, duration: 36, ...answer }],
  };
}

/** Has the service answer so, and asks. */
async function answerWith(page, result) {
  await page.route('**/predict/*', (route) => route.fulfill({
    contentType: 'text/event-stream',
    body: `event: result\ndata: ${JSON.stringify(result)}\n\n`,
  }));
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.click('#check-button');
  await page.waitForSelector('.answer');
}

test('an unsure answer says so in its largest words', () => withPage({}, async (page) => {
  const cases = [
    [resultOf({ blues: 0.45, jazz: 0.4 }), 'Between blues and jazz'],
    [resultOf({ rock: 0.6, metal: 0.1 }), 'Perhaps rock'],
    [resultOf({ hiphop: 0.19, pop: 0.15 }, { music: 0.55 }), 'Hard to say'],
    [resultOf({}, { music: 0.2, genre: null }), 'This does not sound like music'],
    [resultOf({ hiphop: 0.19 }, { music: 0.4 }), 'This does not sound like music'],
    [resultOf({ jazz: 0.8 }), 'jazz'],
    [resultOf({ jazz: 0.95 }), 'jazz'],
  ];

  for (const [result, words] of cases) {
    await answerWith(page, result);
    assert.equal(await page.textContent('.genre'), words);

    // no percentage is as large as the text around it is
    const large = await page.evaluate(() => [...document.querySelectorAll('#results *')]
      .filter((element) => element.children.length === 0
        && /\d\s?%/.test(element.textContent)
        && parseFloat(getComputedStyle(element).fontSize) > 16).length);
    assert.equal(large, 0, words);
    assert.equal(await page.locator('.confidence').count(),
      result.confidence >= 0.7 ? 1 : 0, words);
  }

  await answerWith(page, cases[2][0]);
  assert.match(await page.textContent('.answer'),
    /a little of hip-hop, pop and \w+.*no music at all/);
  await answerWith(page, cases[3][0]);
  assert.match(await page.textContent('.heard'), /0:36 of speech or noise/);
}));

test('what else it is called follows the genres', () => withPage({}, async (page) => {
  const tags = { folk: 0.7, ambient: 0.49, 'hip-hop': 0.8, 'female vocalists': 0.9, acoustic: 0.5,
    speech: 0.9 };

  await answerWith(page, { ...resultOf({ jazz: 0.8 }), tags });
  assert.equal(await page.textContent('.tags'),
    'It would also be called female vocalists, folk, and acoustic.');
  for (const result of [resultOf({ jazz: 0.8 }),
    { ...resultOf({ jazz: 0.8 }), tags: { ambient: 0.49, jazz: 0.9 } },
    { ...resultOf({}, { music: 0.2, genre: null }), tags }]) {
    await answerWith(page, result);
    assert.equal(await page.locator('.tags').count(), 0);
  }
}));

/** The small model with other labels in its header. */
function writeOwnModel(file, labels) {
  const model = fs.readFileSync(process.env.TEST_SMALL_MODEL);
  const end = 8 + Number(model.readBigUInt64LE(0));
  const header = JSON.parse(model.subarray(8, end));

  Object.assign(header.__metadata__, { name: 'mine', labels: JSON.stringify(labels) });
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  fs.writeFileSync(file, Buffer.concat([size, text, model.subarray(end)]));
}

test('the labels of a model of one\'s own are as they were written', async () => {
  const labels = ['Drum & Bass', 'café', '<b>bold</b>', '80s', ...'defghi'];

  fs.mkdirSync(music('own'));
  writeOwnModel(music('own/mine.safetensors'), labels);
  const own = await startServiceOf(music('own'));
  const page = await openPage(browser, own.url);
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.click('#check-button');
  await page.waitForSelector('.answer');
  const bars = await page.locator('.bar-name').allTextContents();
  assert.deepEqual([...bars].sort(), [...labels].sort());
  const words = await page.textContent('.answer');
  assert.ok(words.includes(bars[0]), words);
  assert.deepEqual((await page.locator('#legend li').allTextContents()), labels);
  await closePage(page);
  await own.stop();
});

test('of many labels the probable ones have a bar, and each a colour', () =>
  withPage({}, async (page) => {
    const many = Object.fromEntries(Array.from({ length: 500 },
      (_, i) => [`label ${i}`, i === 137 ? 0.8 : 0.2 / 499]));
    const answer = { ...resultOf({}), probabilities: many, genre: 'label 137', confidence: 0.8 };

    await answerWith(page, { ...answer, segments: [{ start: 0, duration: 36, ...answer }] });
    const bars = await page.locator('.bar-name').allTextContents();
    assert.equal(bars.length, 20);
    assert.equal(bars[0], 'label 137');
    const grounds = await page.locator('.bar-fill').evaluateAll((all) =>
      all.map((fill) => getComputedStyle(fill).backgroundColor));
    assert.ok(grounds.every((ground) => !/rgba\(.*, 0\)|transparent/.test(ground)), grounds);
    await assertNoOverflow(page, 'many labels');
    // ten colours would stand for 500
    assert.ok(await page.isHidden('#legend'));
  }));

test('two models with different labels each have their own bars', () =>
  withPage({}, async (page) => {
    const mine = { dub: 0.7, folk: 0.3 };
    const results = [resultOf({ jazz: 0.8 }), {
      ...resultOf({}), model: 'mine 1', probabilities: mine, genre: 'dub', confidence: 0.7,
    }];

    await page.selectOption('#compare', { index: 1 });
    await page.route('**/predict/*', (route) => route.fulfill({
      contentType: 'text/event-stream',
      body: `event: result\ndata: ${JSON.stringify(results.shift())}\n\n`,
    }));
    await page.setInputFiles('#file', music('clip.ogg'));
    await page.click('#check-button');
    await page.waitForSelector('.answer >> nth=1');
    assert.deepEqual(await page.locator('.answer >> nth=1 >> .bar-name')
      .allTextContents(), ['dub', 'folk']);
    assert.ok(!(await page.textContent('#answers')).includes('NaN'));
    assert.ok(await page.isHidden('#legend'));
  }));

test('what was heard is told in lengths', () => withPage({}, async (page) => {
  const result = resultOf({ jazz: 0.9 });
  const [segment] = result.segments;

  result.segments = [{ ...segment, duration: 20 },
    { ...segment, start: 20, duration: 10, genre: null, music: 0.1 },
    { ...segment, start: 30, duration: 6, genre: null, silent: true, music: 0 }];
  await answerWith(page, result);
  assert.equal(await page.textContent('.heard'), 'What it heard: 0:20 of music, '
    + '0:10 of speech or noise, 0:06 of silence.');
}));

test('a sample is tried at one press', () => withPage({}, async (page) => {
  assert.match(await page.textContent('.sample'), /composed for this program.*GPL/);
  await page.click('#sample');
  await page.waitForSelector('.answer');
  assert.equal(await page.textContent('#chosen-name'), 'Sample.ogg');
  assert.match(await page.textContent('.genre'), /classical/);
  assert.deepEqual(Buffer.from(await (await fetch(`${service.url}/sample.ogg`))
    .arrayBuffer()), fs.readFileSync(process.env.TEST_CLIP));
}));

test('a model has a plain name, and how right it is comes from its file', () =>
  withPage({}, async (page) => {
    const { models } = await (await fetch(`${service.url}/models`)).json();
    const { figures } = models.find(({ name }) => name === 'crnn');

    const { accuracy, n } = figuresOf('crnn');
    const right = `ight on ${Math.floor(10 * accuracy)} of 10`;

    assert.deepEqual(figures, { accuracy, n, new_artists: true });
    assert.equal(await page.textContent('#model option:checked'), `Large ear · r${right}`);
    assert.match(await page.textContent('#model-right'),
      new RegExp(`^R${right} songs by artists it never heard .*${n}`));

    // another figure is another sentence
    await page.route('**/models', (route) => route.fulfill({ json: {
      default: 'mine', min_confidence: 0.7,
      models: [{ name: 'mine', version: '1', parameters: 1, labels: GENRES,
        figures: { accuracy: 0.98, n: 50, new_artists: false } },
      { name: 'other', version: '1', parameters: 1, labels: GENRES, figures: null }],
    } }));
    await page.reload();
    await page.waitForSelector('#model option', { state: 'attached' });
    assert.equal(await page.textContent('#model option:checked'),
      'mine · right on 9 of 10');
    assert.match(await page.textContent('#model-right'), /50 songs, whose artists it may/);
    await page.click('summary');
    assert.match(await page.textContent('#how-models'), /^mine.*Right on 9 of 10/);
    await page.selectOption('#model', 'other');
    assert.equal(await page.textContent('#model-right'), '');
  }));

test('the page says what it is made of, in every language', () =>
  withPage({ viewport: { width: 320, height: 640 } }, async (page) => {
    const about = await (await fetch(`${service.url}/about`)).json();
    const dialog = page.locator('#about');

    for (const [language, words] of [
      ['en', 'free software'], ['id', 'perangkat lunak bebas'],
      ['pl', 'wolne oprogramowanie'], ['zh', '自由软件']]) {
      await page.selectOption('#language', language);
      await page.waitForSelector(`html[lang=${language}]`);
      await page.click('#about-open');
      await dialog.waitFor();
      const line = await page.textContent('#about-line');

      assert.ok(line.includes(words), line);
      assert.ok(line.includes(about.program.version) && line.includes('GPL-2.0-or-later'));
      await assertAccessible(page, `about, ${language}`);
      await assertNoOverflow(page, `about, ${language}`);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
    }
    await page.click('#about-open');
    for (const kind of ['models', 'page', 'libraries']) {
      const rows = await page.locator(`#about-${kind} tr`).evaluateAll((found) =>
        found.map((row) => [...row.children].map((cell) => cell.textContent.trim())));

      assert.deepEqual(rows,
        about[kind].map(({ name, version, license }) =>
          [name, version, license ?? '未说明']));
    }
    const notice = await page.getAttribute('#about-page a', 'href');

    assert.match(await (await fetch(`${service.url}/${notice}`)).text(),
      /^BSD 3-Clause License\s+Copyright \(c\) 2012/);
    await page.click('#about .button');
    await dialog.waitFor({ state: 'hidden' });

    // what went wrong is said
    await page.route('**/about', (route) => route.abort());
    await page.click('#about-open');
    await assertMessage(page, /./);
    assert.ok(await dialog.isHidden());
  }));

test('a term is explained to mouse, keyboard and finger', () =>
  withPage({ viewport: { width: 320, height: 640 } }, async (page) => {
    const button = page.locator('#model-field .tip-button');
    const tip = page.locator('#model-field .tip');

    await button.hover();
    await tip.waitFor();
    assert.match(await tip.textContent(), /neural network that has learnt/);
    assert.equal(await button.getAttribute('aria-describedby'),
      await tip.getAttribute('id'));
    assert.equal(await button.getAttribute('aria-label'),
      'What does “listener” mean?');
    const { x, width } = await tip.boundingBox();
    assert.ok(x >= 0 && x + width <= 320, `it reaches from ${x} to ${x + width} px`);
    await assertNoOverflow(page, 'a tooltip');
    // the mouse may move onto it
    await tip.hover();
    assert.ok(await tip.isVisible());
    await page.keyboard.press('Escape');
    assert.ok(await tip.isHidden());

    await page.mouse.move(0, 0);
    await button.focus();
    await tip.waitFor();
    await assertAccessible(page, 'a tooltip');
    await page.locator('#model').focus();
    assert.ok(await tip.isHidden());
  }));

test('a folder is told as such', { skip: isFirefox && 'drops need Chromium' }, () =>
  withPage({}, async (page) => {
    const session = await page.context().newCDPSession(page);
    const drop = async (...files) => {
      for (const type of ['dragEnter', 'dragOver', 'drop'])
        await session.send('Input.dispatchDragEvent', {
          type, x: 100, y: 300,
          data: { items: [], files, dragOperationsMask: 1 },
        });
    };

    fs.mkdirSync(music('album'));
    await drop(music('album'));
    await assertMessage(page, 'album is a folder.');
    assert.ok(await page.isDisabled('#check-button'));
    // what is dropped with it is taken
    await drop(music('clip.ogg'), music('album'));
    await assertMessage(page, 'album is a folder.');
    assert.equal(await page.textContent('#chosen-name'), 'clip.ogg');
  }));

test('a file that has vanished is told as such', () => withPage({}, async (page) => {
  fs.copyFileSync(music('clip.ogg'), music('short-lived.ogg'));
  await page.setInputFiles('#file', music('short-lived.ogg'));
  fs.rmSync(music('short-lived.ogg'));
  await page.click('#check-button');
  await assertMessage(page, 'short-lived.ogg cannot be read any more');
}));

test('a recording ends when a file is chosen', () => withPage({}, async (page) => {
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);

    mediaDevices.getUserMedia = async (constraints) =>
      window.stream = await open(constraints);
  });
  await page.click('#record');
  await page.waitForSelector('#recording:not([hidden])');
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.waitForSelector('#recording', { state: 'hidden' });
  assert.ok(await page.evaluate(() =>
    window.stream.getTracks().every((track) => track.readyState === 'ended')));
  // and does not take the file's place
  await page.waitForFunction(() =>
    document.getElementById('duration').textContent === '0:36');
  assert.equal(await page.textContent('#chosen-name'), 'clip.ogg');
  assert.equal(await page.textContent('#record'), 'Record');
}));

test('a recording has a name, though its recorder forgets its type', () =>
  withPage({}, async (page) => {
    // as Firefox does it
    await page.evaluate(() => {
      Object.defineProperty(MediaRecorder.prototype, 'mimeType', { get: () => '' });
    });
    await page.click('#record');
    await page.waitForFunction(() =>
      document.getElementById('recording-time').textContent === '0:01');
    await page.click('#record');
    await page.waitForSelector('#chosen:not([hidden])');
    assert.match(await page.textContent('#chosen-name'), /^recording\.(webm|ogg|m4a)$/);
  }));

test("a proxy's own refusals are told in plain words", () => withPage({}, async (page) => {
  const html = '<html><head><title>413 Request Entity Too Large</title></head></html>';

  for (const [code, words] of [[413, 'too large for this service, or for what lies'],
    [502, 'does not answer'], [504, 'took too long'], [403, 'have to log in first']]) {
    await page.route('**/uploads', (route) =>
      route.fulfill({ status: code, contentType: 'text/html', body: html }));
    await page.setInputFiles('#file', music('clip.ogg'));
    await page.click('#check-button');
    await assertMessage(page, words);
    assert.doesNotMatch(await page.textContent('#message'), /html|HTTP|\d{3}/);
    await page.unroute('**/uploads');
  }
}));

test('an upload that the service has let go of is sent again', () =>
  withPage({}, async (page) => {
    const asked = [];

    await page.setInputFiles('#file', music('clip.ogg'));
    await page.click('#check-button');
    await page.waitForSelector('#spectrogram:not([hidden])');
    page.on('request', (request) => {
      if (request.method() === 'POST')
        asked.push(new URL(request.url()).pathname);
    });
    page.on('request', (request) => request.method() === 'DELETE'
      && asked.push(request.method()));
    await page.route('**/predict/*', async (route) => {
      const id = new URL(route.request().url()).searchParams.get('upload');
      const answer = await fetch(`${service.url}/uploads/${id}`, { method: 'DELETE' });
      assert.equal(answer.status, 204);
      await route.continue();
    }, { times: 1 });
    await page.click('#check-button');
    await page.waitForSelector('.answer');
    await page.waitForSelector('#spectrogram:not([hidden])');
    assert.deepEqual(asked,
      ['/predict/crnn', '/uploads', '/predict/crnn', '/waveform', '/spectrogram']);
    // another file takes its place there, too
    const dropped = page.waitForRequest((request) => request.method() === 'DELETE');
    await page.setInputFiles('#file', music('clip.mp3'));
    assert.match((await dropped).url(), /\/uploads\/[^/]{32,}$/);
  }));

test('a service that keeps nothing is sent the file each time', async () => {
  const forgetful = await startService('--keep-uploads=0');
  const page = await openPage(browser, forgetful.url);
  const asked = [];

  page.on('request', (request) => {
    if (request.method() === 'POST')
      asked.push(new URL(request.url()).pathname);
  });
  await page.setInputFiles('#file', music('clip.ogg'));
  await page.click('#check-button');
  await page.waitForSelector('#spectrogram:not([hidden])');
  assert.deepEqual(asked, ['/predict/crnn', '/waveform', '/spectrogram']);
  await closePage(page);
  await forgetful.stop();
});

test('the picture of silence is dark', () => withPage({}, async (page) => {
  await page.setInputFiles('#file', music('silent.wav'));
  await page.click('#check-button');
  await page.waitForSelector('#spectrogram:not([hidden])');
  const brightest = await page.locator('#spectrogram-image').evaluate((canvas) => {
    const { data } = canvas.getContext('2d')
      .getImageData(0, 0, canvas.width, canvas.height);
    return Math.max(...data.filter((_, i) => i % 4 < 3));
  });
  assert.ok(brightest < 40, `a pixel of ${brightest}`);
}));

test('several files wait in a queue, and become a table', () =>
  withPage({ acceptDownloads: true }, async (page) => {
    const words = (name) => page.locator('.line', { hasText: name })
      .locator('.line-words').textContent();
    const all = (n) => page.waitForFunction((text) =>
      document.getElementById('queue-state').textContent === text,
    `${n} of ${n} are done.`);
    const names = ['clip.ogg', 'noise.wav', 'letter.mp3', 'clip.mp3', '=1+1,"2".ogg'];

    fs.copyFileSync(music('clip.ogg'), music(names[4]));
    await page.setInputFiles('#file', names.map(music));
    assert.deepEqual(await page.locator('.line-name').allTextContents(), names);
    // one is cancelled before, one while it is under way
    await page.getByLabel('Cancel clip.mp3').click();
    assert.equal(await words('clip.mp3'), 'cancelled');
    let held = null; // the first request, which is never answered
    await page.route('**/predict/*', (route) => {
      if (held)
        return route.continue();
      held = route.request();
      return undefined;
    });
    const asked = page.waitForRequest('**/predict/*');
    await page.click('#check-button');
    const request = await asked;
    assert.ok(await page.locator('.line.busy progress').isVisible());
    assert.equal(await page.getAttribute('#check-button', 'aria-disabled'), 'true');
    await assertAccessible(page, 'a queue under way');
    // Firefox does not tell of it if the request was held back by the test
    const stopped = isFirefox ? null
      : page.waitForEvent('requestfailed', (other) => other === request);
    await page.getByLabel('Cancel clip.ogg').click();
    await stopped;
    await all(5);
    assert.equal(await words('clip.ogg'), 'cancelled');
    assert.equal(await words('noise.wav'), 'This does not sound like music');
    assert.match(await words('letter.mp3'), /no sound that can be decoded/);

    // those without an answer are asked about again
    await page.click('#check-button');
    await all(5);
    assert.match(await words('clip.ogg'), /classical/);
    assert.match(await words('clip.mp3'), /classical/);
    await assertAccessible(page, 'a table of results');

    const download = async (id) => {
      const [file] = await Promise.all([page.waitForEvent('download'), page.click(id)]);
      return [file.suggestedFilename(), fs.readFileSync(await file.path(), 'utf8')];
    };
    if (!isFirefox) {
      const [csvName, csv] = await download('#save-csv');
      const [jsonName, json] = await download('#save-json');
      const rows = csv.split('\r\n');
      const results = JSON.parse(json);

      assert.deepEqual([csvName, jsonName], ['genres.csv', 'genres.json']);
      assert.equal(rows[0], `\ufefffile,genre,confidence,music,silent,seconds,model,error,${
        GENRES.join()}`);
      assert.match(rows[1], /^clip\.ogg,\w+,0\.\d+,\d.*,false,36[^,]*,crnn[^,]*,,0\.\d+,/);
      assert.match(rows[3], /^letter\.mp3,,,,,,,not-audio,/);
      // a name is no formula, and its commas and quotes are its own
      assert.match(rows[5], /^"'=1\+1,""2""\.ogg",\w+,/);
      assert.deepEqual(results.map(({ file }) => file), names);
      assert.equal(results[1].result.genre, null);
      assert.equal(results[2].error, 'not-audio');
      assert.equal(results[0].result.segments.length, 2);
    }

    // a line is shown with all that belongs to it
    await page.click('.line-name >> nth=1');
    await page.waitForSelector('#spectrogram:not([hidden])');
    assert.equal(await page.textContent('#results-name'), 'noise.wav');
    assert.match(await page.textContent('.answer'), /0:10 of speech or noise/);
    await page.click('.line-name >> nth=0');
    await page.waitForSelector('.segment >> nth=1');
    assert.equal(await page.textContent('#results-name'), 'clip.ogg');

    // one file is a page without a queue again
    await page.setInputFiles('#file', music('clip.flac'));
    assert.ok(await page.isHidden('#queue'));
    await page.click('#check-button');
    await page.waitForSelector('.answer');
  }));

test('a genre has the colour that it has in plots', () => withPage({}, async (page) => {
  const source = fs.readFileSync(
    new URL('../../src/plot/figure.c', import.meta.url), 'utf8');
  const table = /colours\[FIGURE_N_COLOURS\] = \{([^}]*)\}/.exec(source)[1];
  const plots = [...table.matchAll(/0x([0-9a-f]{6})/g)].map(([, hex]) => `#${hex}`);
  const own = await page.evaluate(() => Array.from({ length: 10 }, (_, i) => {
    const swatch = document.createElement('span');

    swatch.dataset.colour = i;
    document.body.append(swatch);
    return getComputedStyle(swatch).getPropertyValue('--colour').trim();
  }));

  assert.equal(plots.length, 10);
  assert.deepEqual(own, plots);
}));

/** Contrast of a text with its own ground, as WCAG has it. */
function contrastOf(element) {
  const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  const luminance = (colour) => {
    const [r, g, b] = channels(colour);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let ground = element;
  while (/, 0\)$|transparent/.test(getComputedStyle(ground).backgroundColor))
    ground = ground.parentElement;
  const [dark, light] = [getComputedStyle(element).color,
    getComputedStyle(ground).backgroundColor].map(luminance).sort((a, b) => a - b);

  return (light + 0.05) / (dark + 0.05);
}

for (const colorScheme of ['light', 'dark'])
  test(`${colorScheme}: every button can be read in every state`, () =>
    withPage({ colorScheme, reducedMotion: 'reduce' }, async (page) => {
      const look = async (state) => {
        for (const button of await page.locator('button:visible, select:visible').all()) {
          const id = await button.evaluate((e) => e.id || e.className);
          const states = {
            rest: () => page.mouse.move(0, 0),
            hover: () => button.hover({ force: true }),
            focus: () => button.evaluate((e) => e.focus()),
          };

          for (const [how, reach] of Object.entries(states)) {
            await reach();
            const contrast = await button.evaluate(contrastOf);
            assert.ok(contrast >= 4.5, `${state}, ${how}: ${id} has ${contrast}:1`);
          }
        }
        await assertAccessible(page, state);
      };

      await look('nothing is chosen');
      await page.route('**/predict/*', () => {}); // never answered
      await page.setInputFiles('#file', music('clip.ogg'));
      await look('chosen');
      await page.click('#check-button');
      await page.hover('#check-button');
      await look('a check is under way');
      await page.click('#cancel');
      await page.unroute('**/predict/*');
      await page.click('#check-button');
      await page.waitForSelector('.answer');
      await look('a result');
      await page.setInputFiles('#file', [music('clip.ogg'), music('short.wav')]);
      await look('a queue');
      await page.click('#check-button');
      await page.waitForSelector('.line.failed');
      await look('a queue with a failure');
    }));
