/** The team's own keys: which are known and from where; in the desktop app they are entered, replaced and removed here, without it is said what to set. */
import { secretVariables, type SecretName, type SecretsView } from '../../../shared/contract/secrets.ts';
import { Failed, Notice } from '../../components/states.tsx';
import { Tag } from '../../components/tag.tsx';
import { useSecrets } from '../../data/queries.ts';
import { ChangeTeamKey } from './change-team-key.tsx';

export function TeamKeys() {
  const { data: view, error } = useSecrets();
  return (
    <section aria-labelledby="team-keys" className="mt-8 max-w-[96ch]">
      <h2 id="team-keys" className="mb-1">
        The team’s own keys
      </h2>
      {error && !view ? <Failed error={error} /> : null}
      {view ? (
        <>
          <p className="mb-2 text-dim">{keeperWords(view)}</p>
          {view.trouble ? (
            <Notice>
              {view.trouble.message} {view.trouble.remedy}
            </Notice>
          ) : null}
          {view.keeper === 'demo' ? null : (
            <ul className="ruled">
              {view.secrets.map((secret) => (
                <TeamKey
                  key={secret.name}
                  secret={secret}
                  canKeep={view.keeper === 'vault' && view.unavailable === null}
                />
              ))}
            </ul>
          )}
        </>
      ) : null}
    </section>
  );
}

function keeperWords({ keeper, unavailable }: SecretsView): string {
  const variables = Object.values(secretVariables);
  const set = `Set ${variables.slice(0, -1).join(', ')} or ${variables.at(-1)} where Tollkeeper is started, and start it again.`;
  if (keeper === 'demo') return 'A demo needs none: Anthropic and Stripe are simulated.';
  if (keeper === 'environment')
    return `This Tollkeeper runs without the desktop app, whose keychain would keep them. ${set}`;
  if (unavailable !== null) return `${unavailable} ${set}`;
  return 'Kept encrypted in this computer’s keychain. One that is entered holds for the next call, and is never shown again.';
}

const words: Readonly<Record<SecretName, { readonly label: string; readonly use: string }>> = {
  anthropicApiKey: { label: 'Anthropic key', use: 'Goes to Anthropic in the place of a member key.' },
  stripeApiKey: {
    label: 'Stripe key',
    use: 'Sends meter events, so that customers are billed. A restricted one that may write meter events is enough.',
  },
  anthropicAdminKey: {
    label: 'Anthropic admin key',
    use: 'To compare the ledger with Anthropic’s own report, which this version does not do yet.',
  },
};

type Secret = SecretsView['secrets'][number];
type TeamKeyProps = { readonly secret: Secret; readonly canKeep: boolean };

function TeamKey({ secret, canKeep }: TeamKeyProps) {
  const { label, use } = words[secret.name];
  return (
    <li className="grid items-baseline gap-x-5 gap-y-1.5 min-[721px]:grid-cols-[16.5rem_1fr_auto]">
      <span>
        <b className="font-[550]">{label}</b>{' '}
        <Tag tone={secret.source === null ? 'plain' : 'well'}>{secret.source === null ? 'not known' : 'known'}</Tag>
      </span>
      <span className="text-[13px] text-dim">
        {use} {sourceWords(secret)}
      </span>
      {canKeep ? <ChangeTeamKey secret={secret} label={label} /> : null}
    </li>
  );
}

function sourceWords({ name, source, isKept }: Secret): string {
  if (source === 'vault') return 'In use from the keychain.';
  if (source === null) return '';
  const kept = isKept ? ' One is kept in the keychain too, for when the variable is not set.' : '';
  return `Set by ${secretVariables[name]}; change it there.${kept}`;
}
