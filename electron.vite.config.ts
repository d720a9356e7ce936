/** Builds the desktop app into out/: main (structure kept, so that worker threads stand beside the code that starts them), preload, renderer. */
import { join } from 'node:path';

import { defineConfig } from 'electron-vite';

import dashboard from './vite.config.ts';

/**
 * Addresses from the root, in `app://` and over HTTP alike: a screen may be opened at any depth (/calls/call_1). electron-vite makes them relative, for
 * pages loaded from a file, and cannot be told otherwise but by a later plugin.
 */
const fromRoot = { name: 'from-root', enforce: 'post' as const, config: () => ({ base: '/' }) };

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      externalizeDeps: true,
      rollupOptions: {
        input: [
          'main/electron.ts',
          'main/engine-process.ts',
          'main/cli.ts',
          'main/ledger/worker.ts',
          'main/intake/transcript-thread.ts',
        ],
        output: { format: 'es', preserveModules: true, preserveModulesRoot: 'main', entryFileNames: '[name].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        input: { preload: 'main/shell/preload.ts' },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    ...dashboard,
    plugins: [...(dashboard.plugins ?? []), fromRoot],
    build: {
      ...dashboard.build,
      minify: true,
      rollupOptions: { input: join(import.meta.dirname, 'renderer', 'index.html') },
    },
  },
});
