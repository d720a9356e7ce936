/** Where the ledger and the settings of this machine live, by platform. Pure: the environment and the platform are parameters. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export type HomeQuestion = {
  readonly flag: string | undefined;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly isDemo: boolean;
  readonly userHome?: string;
};

/** Flag before `TOLLKEEPER_HOME` before the platform's app-data folder; a demo without either stands beside it, never in it. */
export function homeFolder({ flag, env, platform, isDemo, userHome = homedir() }: HomeQuestion): string {
  const named = flag ?? nonEmpty(env['TOLLKEEPER_HOME']);
  if (named !== undefined) return isAbsolute(named) ? named : resolve(named);
  const usual = appDataFolder(env, platform, userHome);
  return isDemo ? `${usual}-demo` : usual;
}

function appDataFolder(env: Environment, platform: NodeJS.Platform, userHome: string): string {
  if (platform === 'darwin') return join(userHome, 'Library', 'Application Support', 'Tollkeeper');
  if (platform === 'win32') return join(nonEmpty(env['APPDATA']) ?? join(userHome, 'AppData', 'Roaming'), 'Tollkeeper');
  return join(nonEmpty(env['XDG_DATA_HOME']) ?? join(userHome, '.local', 'share'), 'tollkeeper');
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
