/** Which addresses are reached through which proxy (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). */
import { describe, expect, it } from 'vitest';

import { proxiesOf } from '../../../main/settings/environment.ts';
import { proxyFor } from '../../../main/settings/proxy-choice.ts';

const proxies = { httpProxy: 'http://plain:1', httpsProxy: 'http://secure:2', noProxy: null };

describe('an address', () => {
  it.each([
    ['https://api.anthropic.com', 'http://secure:2/'],
    ['http://gateway.lan:8080/x', 'http://plain:1/'],
    ['http://127.0.0.1:9', null],
    ['http://localhost:9', null],
    ['https://[::1]:9', null],
  ])('%s is reached through %s', (address, proxy) => {
    expect(proxyFor(address, proxies)).toBe(proxy);
  });

  it.each([
    ['*', true],
    ['anthropic.com', true],
    ['.anthropic.com', true],
    ['*.anthropic.com', true],
    ['API.Anthropic.com.', true],
    ['*.api.anthropic.com', false],
    ['api.anthropic.com:443', true],
    ['api.anthropic.com:8443', false],
    ['*:443', true],
    ['thropic.com', false],
    ['a.test, b.test api.anthropic.com', true],
    ['', false],
    [', ,', false],
  ])('is excepted by NO_PROXY=%s: %s', (noProxy, isExcepted) => {
    expect(proxyFor('https://api.anthropic.com', { ...proxies, noProxy })).toBe(isExcepted ? null : 'http://secure:2/');
  });

  it.each([
    ['[fd00::1]', true],
    ['fd00::1', true],
    ['[fd00::1]:8443', true],
    ['[fd00::1]:443', false],
    ['fd00::2', false],
  ])('of IPv6 is excepted by NO_PROXY=%s: %s', (noProxy, isExcepted) => {
    expect(proxyFor('https://[fd00::1]:8443', { ...proxies, noProxy }) === null).toBe(isExcepted);
  });

  it('is reached directly where the environment names no proxy for its scheme', () => {
    expect(proxyFor('https://api.anthropic.com', { ...proxies, httpsProxy: null })).toBeNull();
  });

  it('may be named without a scheme', () => {
    expect(proxyFor('https://x.test', { ...proxies, httpsProxy: 'proxy.lan:3128' })).toBe('http://proxy.lan:3128/');
  });
});

describe('the environment', () => {
  it('names proxies in capitals or not; the small ones win', () => {
    expect(proxiesOf({ HTTPS_PROXY: 'a', https_proxy: 'b', HTTP_PROXY: 'c', no_proxy: '' })).toEqual({
      httpProxy: 'c',
      httpsProxy: 'b',
      noProxy: null,
    });
  });
});
