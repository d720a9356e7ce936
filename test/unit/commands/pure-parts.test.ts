/** The parts of the commands that decide without a ledger: the home folder, the environment, tables, CSV cells, diagnoses. */
import { describe, expect, it } from 'vitest';

import { csvLine } from '../../../main/commands/csv.ts';
import { stripeKey, stripeKeyInUse } from '../../../main/commands/doctor-stripe.ts';
import { bookAge, client, nodeVersion } from '../../../main/commands/doctor.ts';
import { gapDiagnoses } from '../../../main/commands/doctor-ledger.ts';
import { layOut } from '../../../main/commands/table.ts';
import { secretsOf, settingsOf } from '../../../main/settings/environment.ts';
import { homeFolder } from '../../../main/system/home-folder.ts';

describe('the home folder', () => {
  const ask = { flag: undefined, env: {}, isDemo: false, userHome: '/u' };
  it.each([
    [{ ...ask, platform: 'linux' as const }, '/u/.local/share/tollkeeper'],
    [{ ...ask, platform: 'linux' as const, env: { XDG_DATA_HOME: '/x' } }, '/x/tollkeeper'],
    [{ ...ask, platform: 'darwin' as const }, '/u/Library/Application Support/Tollkeeper'],
    [{ ...ask, platform: 'linux' as const, isDemo: true }, '/u/.local/share/tollkeeper-demo'],
    [{ ...ask, platform: 'linux' as const, isDemo: true, env: { TOLLKEEPER_HOME: '/h' } }, '/h'],
    [{ ...ask, platform: 'linux' as const, flag: '/f', env: { TOLLKEEPER_HOME: '/h' } }, '/f'],
  ])('of %o is %s', (question, folder) => {
    expect(homeFolder(question)).toBe(folder);
  });
});

describe('the environment', () => {
  it('names settings and secrets; an empty variable says nothing', () => {
    const env = {
      TOLLKEEPER_PORT: '5000',
      TOLLKEEPER_MEMBER: '',
      TOLLKEEPER_UPSTREAM: 'http://u',
      STRIPE_API_KEY: 'sk_test_1',
    };
    expect(settingsOf(env)).toMatchObject({ port: 5000, member: undefined, upstream: 'http://u' });
    expect(secretsOf(env)).toEqual({ anthropicApiKey: null, stripeApiKey: 'sk_test_1', anthropicAdminKey: null });
    expect(() => settingsOf({ TOLLKEEPER_PORT: 'x' })).toThrow(/TOLLKEEPER_PORT is not a whole number/);
  });
});

describe('a table', () => {
  it('aligns numbers to the right', () => {
    const columns = [
      { title: 'who', align: 'left' as const },
      { title: 'cost', align: 'right' as const },
    ];
    expect(
      layOut(columns, [
        ['alice', '$1.00'],
        ['bo', '$12.00'],
      ]),
    ).toEqual(['who      cost', 'alice   $1.00', 'bo     $12.00']);
  });
});

describe('a CSV cell', () => {
  it('is quoted where needed and never a formula', () => {
    expect(csvLine(['a,b', 'say "x"', null, -5, true, '=SUM(A1)', '-x'])).toBe(
      `"a,b","say ""x""",,-5,true,'=SUM(A1),'-x\r\n`,
    );
  });
});

describe('the doctor', () => {
  it('tells what is well from what is not, with a fix', () => {
    expect(nodeVersion('24.21.0').isOk).toBe(true);
    expect(nodeVersion('20.20.2')).toMatchObject({ isOk: false, fix: expect.stringContaining('npm') as string });
    expect(client('http://127.0.0.1:4141/@alice', 'http://127.0.0.1:4141').isOk).toBe(true);
    expect(client(undefined, 'http://127.0.0.1:4141').fix).toBe('export ANTHROPIC_BASE_URL=http://127.0.0.1:4141');
    expect(bookAge(Date.parse('2026-11-30')).isOk).toBe(true);
    expect(bookAge(Date.parse('2027-06-01')).isOk).toBe(false);
  });
});

describe('the doctor of the Stripe key', () => {
  const test = { accountId: 'acct_1', isLive: false, boundAtMs: 0 };

  it('names the mode of the key, the account of the ledger, and what a restricted key needs', () => {
    expect(stripeKey('sk_test_abc', test)).toMatchObject({
      isOk: true,
      sentence: 'A test key is set; the ledger is billed to the test account acct_1.',
    });
    expect(stripeKey('rk_live_abc', null).sentence).toBe(
      'A live key is set; the ledger is billed to no account yet. A restricted key needs Meter events: Write, Meters: Read, Events: Read, Subscriptions: Read, Invoices: Read; `tollkeeper stripe account` names what set-up and customers need besides.',
    );
    expect(stripeKey(null, null)).toMatchObject({
      isOk: false,
      fix: expect.stringContaining('Meter events: Write') as string,
    });
    expect(stripeKey('pk_test_abc', null).isOk).toBe(false);
  });

  it('says of a running engine what that has learned from Stripe, wherever its key is from', () => {
    const view = { bound: null, isDemo: false, permissions: [], newKeyLink: '' };
    const open = { isOpen: true, sentence: 'The live key is of the account acct_1.', remedy: null };
    expect(stripeKeyInUse({ ...view, key: open })).toMatchObject({ isOk: true, sentence: open.sentence });
    const refused = { isOpen: false, sentence: 'Stripe refuses the key.', remedy: 'Enter another.' };
    expect(stripeKeyInUse({ ...view, key: refused })).toMatchObject({
      isOk: false,
      sentence: refused.sentence,
      fix: expect.stringMatching(/^Enter another\. A restricted key needs Meter events: Write/) as string,
    });
  });

  it('finds a key of the other mode', () => {
    expect(stripeKey('sk_live_abc', test)).toMatchObject({
      isOk: false,
      sentence: expect.stringContaining('billed to the test account acct_1') as string,
      fix: expect.stringContaining('another home folder') as string,
    });
  });
});

describe('a gap in the ledger', () => {
  const gap = {
    fromMs: Date.parse('2026-11-25T03:00:00Z'),
    toMs: Date.parse('2026-11-25T09:30:00Z'),
    reason: 'the file is empty',
    keptAs: 'ledger-damaged-2026-11-25T09-31-00Z.sqlite',
    opened: { kind: 'backup', name: 'ledger-2026-11-25T03-00-00Z.sqlite' },
  } as const;

  it('is a finding of doctor for a month, with how to fill it', () => {
    expect(gapDiagnoses([gap], Date.parse('2026-12-20T00:00:00Z'))).toEqual([
      {
        name: 'gap',
        isOk: false,
        sentence:
          'Calls from 2026-11-25 03:00 UTC to 2026-11-25 09:30 UTC may be missing from the ledger: the file is empty. It is kept as ledger-damaged-2026-11-25T09-31-00Z.sqlite; the backup ledger-2026-11-25T03-00-00Z.sqlite was opened.',
        fix: expect.stringContaining('tollkeeper import claude-code') as string,
      },
    ]);
    expect(gapDiagnoses([gap], Date.parse('2026-12-26T00:00:00Z'))).toEqual([]);
  });
});
