/**
 * How the two far sides are reached: through which proxy, trusting whom, waiting how long. Puts together what the settings and the environment say,
 * at start, so that what is wrong with it is told then and not with the first call.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { errorText } from '../system/error-text.ts';
import { proxyFor, type ProxyVariables } from './proxy-choice.ts';

export type Connections = {
  readonly upstream: {
    readonly upstream: string;
    readonly proxyUrl: string | null;
    readonly ca: string | null;
    readonly upstreamTimeoutMs: number;
  };
  readonly stripe: { readonly proxyUrl: string | null; readonly ca: string | null };
};

type Said = Pick<Settings, 'upstream' | 'upstreamTimeoutSeconds' | 'upstreamCaFile' | 'stripeApiBase'>;

/** @throws AppError `bad_settings` that names the variable or the file. */
export function connectionsOf(home: string, settings: Said, proxies: ProxyVariables): Connections {
  const ca = readCaFile(home, settings.upstreamCaFile);
  return {
    upstream: {
      upstream: settings.upstream,
      proxyUrl: proxyFor(settings.upstream, proxies),
      ca,
      upstreamTimeoutMs: settings.upstreamTimeoutSeconds * 1_000,
    },
    stripe: { proxyUrl: proxyFor(settings.stripeApiBase, proxies), ca },
  };
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of the file as PEM text; null where the setting names none. */
function readCaFile(home: string, setting: string | null): string | null {
  if (setting === null) return null;
  const file = isAbsolute(setting) ? setting : join(home, setting);
  try {
    const found = readFileSync(file, 'utf8').match(certificate) ?? [];
    if (found.length === 0) throw new Error('it holds no "BEGIN CERTIFICATE"');
    for (const pem of found) void new X509Certificate(pem);
    return found.join('\n');
  } catch (error) {
    throw new AppError(
      'bad_settings',
      `The setting upstreamCaFile names ${file}, which is no file of certificates: ${errorText(error)}.`,
      'Name a PEM file that this user may read, as the network’s administrator hands it out, or remove the setting.',
      error,
    );
  }
}
