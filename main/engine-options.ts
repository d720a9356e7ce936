/** What a host gives an engine, and what it gets. Types only. */
import type { WaitingOutbox } from '../shared/quit-words.ts';
import type { Secrets } from '../shared/contract/secrets.ts';
import type { Settings } from '../shared/contract/settings.ts';
import type { TranscriptPlaces } from './intake/transcript-files.ts';
import type { ProxyVariables } from './settings/proxy-choice.ts';
import type { SettingsStore } from './settings/store.ts';
import type { Clock } from './system/clock.ts';
import type { Ids } from './system/ids.ts';
import type { Log } from './system/log.ts';

export type EngineOptions = {
  /** Absolute; created by the host. */
  readonly home: string;
  /** Flags and environment already applied. */
  readonly settings: Settings;
  /** The file that they come from: its limits can be changed while the engine runs. */
  readonly settingsStore: SettingsStore;
  readonly secrets: Secrets;
  /** Who gave them and takes others: the desktop app, with the system's keychain, or nobody, since they are the environment's. */
  readonly secretsKeeper: 'vault' | 'environment';
  /** HTTPS_PROXY and its kin, as the host's environment has them. */
  readonly proxies: ProxyVariables;
  /** Where Claude Code keeps its transcripts; read only where the setting asks for it. */
  readonly transcriptPlaces: TranscriptPlaces;
  /** The dashboard's token. */
  readonly token: string;
  readonly isDemo: boolean;
  /** Built dashboard to serve over HTTP; null in the desktop app, whose window brings its own. */
  readonly rendererFolder: string | null;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Warnings, refused calls and what failed of the limits, one sentence each: for whoever watches this host. */
  readonly onNotice?: (sentence: string) => void;
  /** A part died that metering cannot do without; the host closes what is left and starts again. */
  readonly onFatal?: (error: Error) => void;
};

export type Engine = {
  readonly proxyUrl: string;
  /** Without the token. */
  readonly dashboardUrl: string;
  /** In use from the next call on; those on their way end with the key they began with. */
  readonly useSecrets: (secrets: Secrets) => Promise<void>;
  /** Meter events that wait for Stripe, for the host's last words. */
  readonly close: () => Promise<WaitingOutbox>;
};
