/**
 * The way to the upstream: names, certificates and proxies, good and bad. What cannot be reached costs nothing and says what to do; what can is
 * passed on as ever.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { noProxies, type ProxyVariables } from '../../main/settings/proxy-choice.ts';
import { startForwardProxy, type ForwardProxy, type ForwardProxyOptions } from '../kit/connect-proxy.ts';
import { fault, type FaultSays } from '../kit/fault.ts';
import { clientSays, ledgerSays } from '../kit/fault-says.ts';
import { raw } from '../kit/raw-http.ts';
import { certificateFile, startRawUpstream, type RawUpstream } from '../kit/raw-upstream.ts';
import { startUpstream } from '../kit/upstream.ts';
import { startTestEngine, type TestEngineOptions } from '../kit/test-engine.ts';

const usage = { input_tokens: 100, output_tokens: 10 };
const message = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  model: 'claude-sonnet-5-5',
  stop_reason: 'end_turn',
  usage,
});
const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${message.length}\r\n\r\n${message}`;

let plain: RawUpstream;
let secure: RawUpstream;
let misnamed: RawUpstream;
let sentence = '';

beforeAll(async () => {
  plain = await startRawUpstream((socket) => socket.write(answer));
  secure = await startRawUpstream((socket) => socket.write(answer), { certificate: 'upstream' });
  misnamed = await startRawUpstream((socket) => socket.write(answer), { certificate: 'other' });
});

beforeEach(() => {
  sentence = '';
});

afterAll(async () => {
  for (const upstream of [plain, secure, misnamed]) await upstream.close();
});

const trusted = { upstreamCaFile: certificateFile('ca.pem') };
const failed = { client: '502 api_error', ledger: 'failed, $0' };
const whole = { client: '200', ledger: 'complete, priced' };

async function callThrough(options: TestEngineOptions): Promise<FaultSays> {
  const engine = await startTestEngine(options);
  try {
    const answered = await raw(`${engine.proxyUrl}/v1/messages`, {
      method: 'POST',
      body: '{"model":"claude-sonnet-5-5"}',
      headers: { 'anthropic-beta': ['one', 'two'] },
    });
    if (answered.status !== 200)
      sentence = (JSON.parse(answered.body.toString()) as { error: { message: string } }).error.message;
    await engine.settled(1);
    return { client: clientSays(answered), ledger: ledgerSays(engine.exported()[0]) };
  } finally {
    await engine.close();
  }
}

/** An engine whose environment names this proxy, and an upstream whose name only the proxy knows. */
async function callThroughProxy(
  options: ForwardProxyOptions,
  more: Partial<TestEngineOptions> & { credentials?: string; noProxy?: string } = {},
): Promise<FaultSays & { asked: readonly string[] }> {
  const proxy: ForwardProxy = await startForwardProxy(options);
  const { credentials, noProxy = null, ...rest } = more;
  const url = `http://${credentials === undefined ? '' : `${credentials}@`}127.0.0.1:${proxy.port}`;
  const proxies: ProxyVariables = { httpProxy: url, httpsProxy: url, noProxy };
  try {
    const says = await callThrough({ upstream: 'https://api.upstream.test', settings: trusted, proxies, ...rest });
    return { ...says, asked: proxy.asked };
  } finally {
    await proxy.close();
  }
}

const without = ({ client, ledger }: FaultSays): FaultSays => ({ client, ledger });

describe('the way to the upstream', () => {
  fault('its name does not resolve', failed, async () => {
    const says = await callThrough({ upstream: 'http://no-such-host.invalid' });
    expect(sentence).toMatch(/name could not be resolved \((?:ENOTFOUND|EAI_AGAIN)\)\. Check the network/);
    return says;
  });

  fault('it refuses the connection', failed, async () => {
    const gone = await startRawUpstream(() => {});
    await gone.close();
    const says = await callThrough({ upstream: `http://127.0.0.1:${gone.port}` });
    expect(sentence).toMatch(
      /could not reach the upstream \(ECONNREFUSED\)\. Check the network and the upstream setting/,
    );
    return says;
  });

  fault('its certificate is signed by nobody known', failed, async () => {
    const says = await callThrough({ upstream: `https://127.0.0.1:${secure.port}` });
    expect(sentence).toMatch(/No trusted TLS connection.*UNABLE_TO_VERIFY_LEAF_SIGNATURE.*upstreamCaFile/);
    expect(secure.requests).toHaveLength(0);
    return says;
  });

  fault('its certificate is for another name', failed, async () => {
    const says = await callThrough({ upstream: `https://127.0.0.1:${misnamed.port}`, settings: trusted });
    expect(sentence).toMatch(/No trusted TLS connection.*ERR_TLS_CERT_ALTNAME_INVALID/);
    return says;
  });

  fault('it speaks no TLS', failed, async () => {
    const http = await startUpstream(() => {});
    const says = await callThrough({ upstream: http.url.replace('http:', 'https:') });
    await http.close();
    expect(sentence).toMatch(/No trusted TLS connection to the upstream \((?:EPROTO|ERR_SSL_\w+)\)/);
    return says;
  });

  fault('its certificate is signed by the CA of upstreamCaFile', whole, () =>
    callThrough({ upstream: `https://127.0.0.1:${secure.port}`, settings: trusted }),
  );
});

describe('HTTPS_PROXY', () => {
  fault('is used, through a tunnel', whole, async () => {
    const { asked, ...says } = await callThroughProxy({ leadsTo: secure.port });
    expect(asked).toEqual(['CONNECT api.upstream.test:443']);
    const sent = secure.requests.at(-1) ?? '';
    expect(sent).toMatch(/^host: api\.upstream\.test\r$/m);
    // Repeated headers stay apart, and nothing of the proxy reaches the upstream.
    expect(sent).toMatch(/anthropic-beta: one\r\nanthropic-beta: two/);
    expect(sent).not.toMatch(/proxy-/i);
    return says;
  });

  fault('is used with its user and password', whole, async () => {
    const options = { leadsTo: secure.port, credentials: 'team:s3cr+t@' };
    return without(await callThroughProxy(options, { credentials: 'team:s3cr%2Bt%40' }));
  });

  fault('asks for a password that is wrong', failed, async () => {
    const options = { leadsTo: secure.port, credentials: 'team:right' };
    const says = await callThroughProxy(options, { credentials: 'team:wrong-secret' });
    expect(sentence).toMatch(
      /the proxy http:\/\/127\.0\.0\.1:\d+ asks for a user and password \(407\)\. Check the address in HTTPS_PROXY/,
    );
    expect(sentence).not.toContain('secret');
    return without(says);
  });

  fault('refuses to connect', failed, async () => {
    const says = await callThroughProxy({ leadsTo: secure.port, refusesWith: 503 });
    expect(sentence).toMatch(/refused the connection \(503\)/);
    return without(says);
  });

  fault('cannot be reached', failed, async () => {
    const gone = await startRawUpstream(() => {});
    await gone.close();
    const proxies = { ...noProxies, httpsProxy: `127.0.0.1:${gone.port}` };
    const says = await callThrough({ upstream: 'https://api.upstream.test', proxies });
    expect(sentence).toMatch(
      /the proxy http:\/\/127\.0\.0\.1:\d+ could not be reached \(ECONNREFUSED\)\. Check the address in HTTPS_PROXY/,
    );
    return says;
  });

  fault('is passed by for what NO_PROXY names', failed, async () => {
    const { asked, ...says } = await callThroughProxy(
      { leadsTo: secure.port },
      { noProxy: 'other.test, .upstream.test' },
    );
    // Reached directly, a name that only the proxy knows does not resolve.
    expect(sentence).toMatch(/name could not be resolved/);
    expect(asked).toEqual([]);
    return says;
  });
});

describe('HTTP_PROXY', () => {
  const upstream = 'http://gateway.upstream.test:8080/claude';

  fault('is asked for the whole address of a plain upstream', whole, async () => {
    const options = { leadsTo: plain.port, credentials: 'team:pass' };
    const { asked, ...says } = await callThroughProxy(options, { upstream, credentials: 'team:pass' });
    expect(asked).toEqual(['POST http://gateway.upstream.test:8080/claude/v1/messages']);
    expect(plain.requests.at(-1)).toMatch(
      /^POST \/claude\/v1\/messages .*\r\nhost: gateway\.upstream\.test:8080\r\n/is,
    );
    return says;
  });

  fault('asks for a password that is not there', failed, async () => {
    const says = await callThroughProxy({ leadsTo: plain.port, credentials: 'team:pass' }, { upstream });
    expect(sentence).toMatch(/asks for a user and password \(407\)/);
    return without(says);
  });
});

describe('an engine', () => {
  const start = (settings: object, proxies = noProxies) =>
    startTestEngine({ upstream: 'https://api.upstream.test', settings, proxies });

  it('does not start with a CA file that is missing, or holds no certificate, and says which', async () => {
    await expect(start({ upstreamCaFile: '/nowhere/ca.pem' })).rejects.toMatchObject({
      code: 'bad_settings',
      message: expect.stringMatching(/upstreamCaFile names \/nowhere\/ca\.pem.*ENOENT/) as string,
      remedy: expect.stringContaining('PEM file') as string,
    });
    await expect(start({ upstreamCaFile: certificateFile('README.md') })).rejects.toMatchObject({
      message: expect.stringContaining('holds no "BEGIN CERTIFICATE"') as string,
    });
  });

  it('finds a CA file of a relative path in its home folder', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tollkeeper-ca-'));
    cpSync(certificateFile('ca.pem'), join(home, 'company.pem'));
    const upstream = `https://127.0.0.1:${secure.port}`;
    expect(await callThrough({ home, upstream, settings: { upstreamCaFile: 'company.pem' } })).toEqual(whole);
    rmSync(home, { recursive: true });
  });

  it('does not start with a proxy that it cannot use, and does not repeat its password', async () => {
    const started = start({}, { ...noProxies, httpsProxy: 'socks5://team:secret@proxy:1080' });
    await expect(started).rejects.toMatchObject({
      code: 'bad_settings',
      message: 'The variable HTTPS_PROXY is no address of an HTTP proxy (socks5://).',
    });
  });
});
