/**
 * Builds the dashboard into out/renderer, so that a fresh clone serves it after `npm ci` alone (`prepare`). Does nothing where its tools are
 * not installed (a production install carries the built one).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export async function buildDashboard(): Promise<void> {
  const root = join(import.meta.dirname, '..');
  if (!existsSync(join(root, 'node_modules', 'vite'))) return;
  const { build } = await import('vite');
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn' });
}

if (import.meta.main) await buildDashboard();
