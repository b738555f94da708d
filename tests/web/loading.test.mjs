// SPDX-License-Identifier: GPL-2.0-or-later

// What a slow line has to carry before the page is seen, and before it can be used.
// Bytes and requests are counted, not seconds: firstpaint.mjs measures those.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import {
  closePage, folder, makeMusic, music, openPage, startBrowser, startService,
  stopServices,
} from './browser.mjs';

const FIRST_FLIGHT = 14000; // bytes: what TCP sends before it waits for the client
const USABLE = 50000;       // bytes until the page can be used: a second at 400 kbit/s

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

/** An answer as it is sent. */
function get(path, headers = {}, method = 'GET') {
  return new Promise((resolve, reject) => {
    http.request(service.url + path, { method, headers }, (answer) => {
      const chunks = [];

      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({
        status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks),
      }));
    }).on('error', reject).end();
  });
}

const gzipped = (path) => get(path, { 'Accept-Encoding': 'gzip, deflate, br' });

/** The paths that the page asks for until it can be used. */
async function pathsUntilUsable() {
  const page = await browser.newPage({ locale: 'en-GB' });
  const paths = [];

  page.on('request', (request) => paths.push(new URL(request.url()).pathname));
  await page.goto(service.url);
  await page.waitForSelector('#model option', { state: 'attached' });
  await page.close();
  return [...new Set(paths)].filter((path) => path !== '/favicon.ico');
}

test('the page is seen with one request answered', async () => {
  const page = await browser.newPage({ locale: 'en-GB' });

  await page.route((url) => url.pathname !== '/', () => {}); // never answered
  await page.goto(service.url, { waitUntil: 'commit' });
  await page.locator('h1', { hasText: 'Which genre is it?' }).waitFor();
  await page.waitForFunction(() =>
    performance.getEntriesByName('first-contentful-paint').length > 0);
  // with its styles
  assert.equal(await page.evaluate(() =>
    getComputedStyle(document.querySelector('.card')).borderTopStyle), 'solid');
  // and no press is lost
  for (const id of ['choose', 'record', 'check-button'])
    assert.ok(await page.isDisabled(`#${id}`), id);
  assert.equal(await page.isVisible('#failed'), false);
  await page.close();

  const { body, headers } = await gzipped('/');
  assert.equal(headers['content-encoding'], 'gzip');
  assert.ok(body.length < FIRST_FLIGHT, `${body.length} bytes`);
});

test('little is needed to use it, and all modules are asked for at once', async () => {
  const paths = await pathsUntilUsable();
  const { body } = await get('/');
  const { length } = await paths.reduce(async (before, path) => {
    const answer = await gzipped(path);
    return { length: (await before).length + answer.body.length };
  }, { length: 0 });

  assert.ok(paths.includes('/languages/en.json'));
  assert.ok(length < USABLE, `${length} bytes: ${paths}`);
  assert.ok(!paths.some((path) => /wavesurfer|sample|\.css/.test(path)), paths.join());
  for (const path of paths.filter((name) => name.endsWith('.js')))
    assert.match(body.toString(),
      new RegExp(`<(link rel="modulepreload" href|script type="module" src)="${path.slice(1)}"`));
});

test('wavesurfer.js comes when there is a result', async () => {
  const page = await openPage(browser, service.url);
  const asked = [];

  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.setInputFiles('#file', music('clip.ogg'));
  assert.deepEqual(asked.filter((path) => path.includes('wavesurfer')), []);
  await page.click('#check-button');
  await page.waitForSelector('#wave canvas', { state: 'attached' });
  assert.ok(asked.indexOf('/waveform') > 0
    && asked.indexOf('/waveform') < asked.indexOf('/wavesurfer.esm.js'), asked.join());
  await closePage(page);
});

test('every text is there compressed and as it is', async () => {
  const paths = ['/', '/index.html', '/languages/pl.json', '/wavesurfer-licence.txt',
    ...(await pathsUntilUsable()).filter((path) => /\.(js|json|svg)$/.test(path))];

  for (const path of paths) {
    const [plain, gzip] = [await get(path), await gzipped(path)];
    const { etag } = gzip.headers;

    assert.equal(gzip.headers['content-encoding'], 'gzip', path);
    assert.equal(plain.headers['content-encoding'], undefined, path);
    assert.deepEqual(gunzipSync(gzip.body), plain.body, path);
    assert.ok(gzip.body.length < plain.body.length, path);
    assert.notEqual(etag, plain.headers.etag, path);
    for (const { headers } of [plain, gzip])
      assert.equal(headers.vary, 'Accept-Encoding', path);

    const head = await get(path, { 'Accept-Encoding': 'gzip' }, 'HEAD');
    assert.equal(head.headers['content-length'], String(gzip.body.length), path);
    assert.equal(head.headers.etag, etag, path);

    // a cache has the one form or the other
    const known = await get(path, { 'Accept-Encoding': 'gzip', 'If-None-Match': etag });
    assert.equal(known.status, 304, path);
    assert.equal(known.headers.vary, 'Accept-Encoding', path);
    assert.equal((await get(path, { 'If-None-Match': etag })).status, 200, path);
  }
  assert.equal((await get('/app.js.gz')).status, 404);
});

test('a client gets the coding that it likes', async () => {
  for (const [wanted, coding] of [
    ['gzip', 'gzip'], ['GZip', 'gzip'], ['x-gzip', 'gzip'], ['*', 'gzip'],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', 'gzip'], ['deflate, gzip;q=0.001', 'gzip'],
    ['identity;q=0.5, gzip', 'gzip'], ['identity, gzip;q=0.5', undefined],
    ['', undefined], ['br', undefined], ['identity', undefined],
    ['gzip;q=0', undefined], ['*, gzip;q=0', undefined], ['*;q=0', undefined],
    ['gzipped', undefined], ['gzip;q=x', undefined],
  ])
    assert.equal(
      (await get('/app.js', { 'Accept-Encoding': wanted })).headers['content-encoding'],
      coding, wanted);
});

test('what is seen first is what the language says', async () => {
  const page = await openPage(browser, service.url);
  const wrong = await page.evaluate(async () => {
    const html = await (await fetch('/')).text();
    const texts = await (await fetch('languages/en.json')).json();
    const first = new DOMParser().parseFromString(html, 'text/html');

    return [...first.querySelectorAll('[data-text]')]
      .filter(({ dataset, textContent }) => textContent !== texts[dataset.text])
      .map(({ outerHTML }) => outerHTML);
  });

  assert.deepEqual(wrong, []);
  await closePage(page);
});
