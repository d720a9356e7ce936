/** What the environment of a real process says about the way to the upstream: proxies, certificates, the limit of its silence. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startForwardProxy, type ForwardProxy } from '../kit/connect-proxy.ts';
import { raw } from '../kit/raw-http.ts';
import { certificateFile, startRawUpstream, type RawUpstream } from '../kit/raw-upstream.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-connections-'));
const flags = [cli, 'serve', '--json', '--home', home, '--port', '0', '--ui-port', '0'];
const upstreamFlags = ['--upstream', 'https://api.upstream.test'];
let upstream: RawUpstream;
let proxy: ForwardProxy;

beforeAll(async () => {
  upstream = await startRawUpstream((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'), {
    certificate: 'upstream',
  });
  proxy = await startForwardProxy({ leadsTo: upstream.port });
});

afterAll(async () => {
  await proxy.close();
  await upstream.close();
  rmSync(home, { recursive: true, force: true });
});

const environment = (more: Record<string, string>) => ({ PATH: process.env['PATH'], HOME: home, TZ: 'UTC', ...more });

/** The status that a client gets through a `serve` of this environment. */
async function statusThrough(more: Record<string, string>): Promise<number> {
  const env = environment({ https_proxy: `http://127.0.0.1:${proxy.port}`, ...more });
  const server = spawn(process.execPath, [...flags, ...upstreamFlags], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const urls = JSON.parse(line.toString()) as { proxy: string };
  const { status } = await raw(`${urls.proxy}/v1/messages`, { method: 'POST', body: '{"model":"m"}' });
  server.kill('SIGTERM');
  await once(server, 'exit');
  return status;
}

describe('the environment of `serve`', () => {
  it.each([
    ['HTTPS_PROXY and the CA of the setting', { TOLLKEEPER_UPSTREAM_CA_FILE: certificateFile('ca.pem') }, 200],
    ['HTTPS_PROXY and the CA of NODE_EXTRA_CA_CERTS', { NODE_EXTRA_CA_CERTS: certificateFile('ca.pem') }, 200],
    ['HTTPS_PROXY without a CA', {}, 502],
    ['NO_PROXY', { NO_PROXY: '*.upstream.test', NODE_EXTRA_CA_CERTS: certificateFile('ca.pem') }, 502],
  ])('is heeded: %s', async (_name, more, status) => {
    const asked = proxy.asked.length;
    expect(await statusThrough(more)).toBe(status);
    expect(proxy.asked.length > asked).toBe(!('NO_PROXY' in more));
  });

  it.each([
    ['TOLLKEEPER_UPSTREAM_TIMEOUT_SECONDS', '30', /upstreamTimeoutSeconds/],
    ['TOLLKEEPER_UPSTREAM_CA_FILE', '/nowhere.pem', /upstreamCaFile names \/nowhere\.pem.*ENOENT.*Name a PEM file/s],
    ['HTTPS_PROXY', 'socks5://proxy:1080', /HTTPS_PROXY is no address of an HTTP proxy.*Set it to one such as/s],
    ['TOLLKEEPER_ALLOWED_ORIGINS', 'tool.example', /an origin without path, as https:\/\/tool\.example/],
  ])('is refused at start where %s is %s', (name, value, sentence) => {
    const { status, stderr } = spawnSync(process.execPath, [...flags, ...upstreamFlags], {
      encoding: 'utf8',
      env: environment({ [name]: value }),
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(sentence);
  });
});
