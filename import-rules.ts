/**
 * Who may import whom: the table of docs/architecture.md as data.
 * The linter (oxlint.config.ts) and test/unit/architecture.test.ts both read it, so there is one table to change.
 * It promises nothing about packages that no row names: those are free to every folder but `shared` and `renderer`.
 */

/** Folder (or single file) → the folders and files of this repository that it may import. A folder may always import itself. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  renderer: ['shared'],
  'main/system': [],
  'main/proxy': ['shared', 'main/system'],
  'main/limits': ['shared', 'main/system'],
  'main/ledger': ['shared', 'main/system'],
  'main/live': ['shared', 'main/system'],
  'main/settings': ['shared', 'main/system'],
  'main/sandbox': ['shared', 'main/system'],
  'main/sync': ['shared', 'main/system', 'main/ledger'],
  'main/billing': ['shared', 'main/system', 'main/ledger'],
  'main/reconcile': ['shared', 'main/system', 'main/ledger'],
  'main/intake': ['shared', 'main/system', 'main/ledger'],
  'main/team': ['shared', 'main/system', 'main/ledger'],
  'main/api': [
    'shared',
    'main/system',
    'main/ledger',
    'main/live',
    'main/settings',
    'main/sync',
    'main/billing',
    'main/intake',
  ],
  'main/shell': ['shared', 'main/system'],
  'main/commands': [
    'shared',
    'main/system',
    'main/ledger',
    'main/settings',
    'main/sync',
    'main/billing',
    'main/intake',
    'main/sandbox',
    'main/engine.ts',
  ],
  'main/engine-options.ts': ['shared', 'main/system', 'main/settings', 'main/intake'],
  'main/engine-billing.ts': [
    'main/engine-options.ts',
    'main/engine-customers.ts',
    'shared',
    'main/ledger',
    'main/billing',
    'main/sync',
  ],
  'main/engine-customers.ts': ['main/engine-options.ts', 'shared', 'main/settings'],
  'main/engine-keys.ts': ['main/engine-options.ts', 'shared', 'main/proxy', 'main/settings'],
  'main/engine-limits.ts': ['main/engine-options.ts', 'shared', 'main/ledger', 'main/limits', 'main/live'],
  'main/engine-plan.ts': ['main/engine-options.ts', 'shared', 'main/ledger', 'main/settings', 'main/system'],
  'main/engine-rules.ts': ['main/engine-options.ts', 'main/engine-plan.ts', 'shared', 'main/settings', 'main/system'],
  'main/engine.ts': [
    'main/engine-options.ts',
    'main/engine-billing.ts',
    'main/engine-customers.ts',
    'main/engine-keys.ts',
    'main/engine-limits.ts',
    'main/engine-plan.ts',
    'main/engine-rules.ts',
    'shared',
    'main/system',
    'main/proxy',
    'main/limits',
    'main/ledger',
    'main/live',
    'main/settings',
    'main/sync',
    'main/billing',
    'main/reconcile',
    'main/intake',
    'main/team',
    'main/api',
    'main/sandbox',
  ],
  'main/cli.ts': ['shared', 'main/system', 'main/settings', 'main/commands'],
  'main/engine-process.ts': ['shared', 'main/system', 'main/settings', 'main/sandbox', 'main/engine.ts'],
  'main/electron.ts': ['shared', 'main/system', 'main/shell'],
};

/** Package → the only folders or files that may import it. */
export const packageHomes: Readonly<Record<string, readonly string[]>> = {
  electron: ['main/shell'],
  stripe: ['main/sync/stripe', 'main/billing/stripe-', 'main/reconcile/stripe.ts'],
  'better-sqlite3': ['main/system/db.ts'],
  undici: ['main/proxy', 'main/sandbox', 'main/commands'],
  pino: ['main/system/log.ts'],
  lowdb: ['main/settings'],
  commander: ['main/cli.ts', 'main/commands'],
};

/** What `shared` may import besides itself. */
export const sharedPackages: readonly string[] = ['zod'];

/** The folders and files of the table, the longest path first, so that the first match is the most exact one. */
export const rooms: readonly string[] = Object.keys(mayImport).toSorted((a, b) => b.length - a.length);
