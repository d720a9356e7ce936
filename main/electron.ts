/**
 * Host 1: the desktop app. Reads flags and environment, finds the built files, and runs the application; nothing else happens here.
 * `npm start` opens it where Electron's binary is.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { secretVariables } from '../shared/contract/secrets.ts';
import { runApplication } from './shell/application.ts';
import { systemClock } from './system/clock.ts';
import { homeFolder } from './system/home-folder.ts';
import { systemIds } from './system/ids.ts';
import { readOrCreateToken } from './system/token-file.ts';

const { values } = parseArgs({
  args: process.argv.slice(2),
  strict: false,
  options: {
    demo: { type: 'boolean' },
    home: { type: 'string' },
    port: { type: 'string' },
    'ui-port': { type: 'string' },
    upstream: { type: 'string' },
  },
});

const isDemo = values.demo === true;
const flag = typeof values.home === 'string' ? values.home : undefined;
const home = homeFolder({ flag, env: process.env, platform: process.platform, isDemo });
const windowData = join(home, 'window');
mkdirSync(windowData, { recursive: true, mode: 0o700 });

const built = import.meta.dirname;
const portOf = (text: unknown) => (typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : undefined);

void runApplication({
  home,
  isDemo,
  port: portOf(values.port),
  uiPort: portOf(values['ui-port']),
  upstream: typeof values.upstream === 'string' ? values.upstream : undefined,
  token: readOrCreateToken(home, systemIds.secret),
  environmentSecrets: {
    anthropicApiKey: process.env[secretVariables.anthropicApiKey] || null,
    stripeApiKey: process.env[secretVariables.stripeApiKey] || null,
    anthropicAdminKey: process.env[secretVariables.anthropicAdminKey] || null,
  },
  paths: {
    engineEntry: join(built, 'engine-process.js'),
    preload: join(built, '..', 'preload', 'preload.cjs'),
    renderer: join(built, '..', 'renderer'),
    icon: join(built, '..', 'renderer', 'tray.png'),
    windowData,
  },
  clock: systemClock,
});
