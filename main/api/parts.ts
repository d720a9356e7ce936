/** What the API reads from the rest of the engine. Handlers know this and nothing else; mostly reading sides. */
import type { Status } from '../../shared/contract/api.ts';
import type { LimitsSettingsView } from '../../shared/contract/limits-settings.ts';
import type { LetOnAnswer, LimitsView } from '../../shared/contract/limits-view.ts';
import type { PlanView } from '../../shared/contract/plan-view.ts';
import type { SecretsView } from '../../shared/contract/secrets.ts';
import type { Billing } from '../billing/start.ts';
import type { Intake } from '../intake/start.ts';
import type { Assigning } from '../ledger/assigning.ts';
import type { Ledger } from '../ledger/open.ts';
import type { Prices } from '../ledger/prices.ts';
import type { Live } from '../live/live.ts';
import type { MemberKeys } from '../settings/member-keys.ts';
import type { Sync } from '../sync/start.ts';
import type { Clock } from '../system/clock.ts';

/** The engine's limits, as the screens see them. */
export type LimitsPart = {
  readonly view: () => LimitsView;
  /** `forMs` null is for good. */
  readonly allow: (conversation: string, forMs: number | null) => Promise<LetOnAnswer>;
  readonly revoke: (conversation: string) => Promise<LetOnAnswer>;
};

/** The metering plan, as it can be read and replaced while the engine runs. */
export type PlanPart = {
  readonly view: () => Promise<PlanView>;
  /** @throws AppError, FieldsError. */
  readonly change: (plan: unknown, revision: string | null) => Promise<PlanView>;
};

/** The settings of the limits, as they can be read and replaced while the engine runs. */
export type RulesPart = {
  readonly view: () => LimitsSettingsView;
  /** @throws AppError, FieldsError. */
  readonly change: (settings: unknown, revision: string | null) => LimitsSettingsView;
  readonly plan: PlanPart;
};

export type ApiParts = {
  readonly read: Ledger['read'];
  readonly live: Pick<Live, 'snapshot' | 'subscribe'>;
  readonly limits: LimitsPart;
  readonly rules: RulesPart;
  readonly intake: Pick<Intake, 'transcripts' | 'ledger'>;
  readonly prices: Prices;
  readonly keys: MemberKeys & { readonly hasAnthropicKey: boolean };
  /** Which of the team's own keys are known, and from where. */
  readonly secrets: { readonly view: () => SecretsView };
  readonly assigning: Assigning;
  readonly billing: Billing;
  readonly clock: Clock;
  readonly timeZone: string;
  /** The home folder, for the price file that stands in it. */
  readonly home: string;
  readonly status: () => Status;
  readonly sync: Omit<Sync, 'summary' | 'useApiKey' | 'close'>;
};
