/** The limits for a terminal: what holds, whose word it is where a variable wins over the file, the budgets and what differs by project. Pure. */
import { budgetOwner, type LimitsSettingsView, type OverridableLimit } from '../../shared/contract/limits-settings.ts';
import { formatUsd, nanoUsdPerCent } from '../../shared/money.ts';
import { tokensInWords } from '../../shared/plain-words.ts';
import { layOut } from './table.ts';

export function limitsText({ inForce, setBy }: LimitsSettingsView): string[] {
  const { limits, drainOnAbort } = inForce;
  const { contextLimitTokens: tokens, budgets, projects } = limits;
  const by = (name: OverridableLimit) => (setBy[name] === undefined ? '' : `set by ${setBy[name]}`);
  const pages = tokens === null ? '' : tokensInWords(tokens);
  const rows = [
    ['context limit', tokensText(tokens), [pages, by('contextLimitTokens')].filter((word) => word !== '').join('; ')],
    ['call ceiling', usdText(limits.callCeilingUsd), by('callCeilingUsd')],
    ['cut in mid-stream', onOff(limits.cutsMidStream), ''],
    ['drain on abort', onOff(drainOnAbort), by('drainOnAbort')],
    ['warning header', onOff(limits.hasWarningHeader), ''],
    ['count_tokens near the limit', onOff(limits.asksCountTokens), ''],
  ];
  return [
    ...layOut([left('limit'), right('in force'), left('')], rows),
    '',
    ...budgetsText(budgets),
    ...projectsText(projects),
  ];
}

type Limits = LimitsSettingsView['inForce']['limits'];

function budgetsText(budgets: Limits['budgets']): string[] {
  if (budgets.length === 0) return ['No budgets. `tollkeeper limits budget team 600 --per month` sets one.'];
  const rows = budgets.map(({ of, name, per, usd }) => [budgetOwner(of, name), per, usdText(usd)]);
  return layOut([left('budget of'), left('per'), right('amount')], rows);
}

function projectsText(projects: Limits['projects']): string[] {
  const rows = Object.entries(projects).map(([project, own]) => [
    project,
    own.contextLimitTokens === undefined ? 'as for all' : tokensText(own.contextLimitTokens),
    own.callCeilingUsd === undefined ? 'as for all' : usdText(own.callCeilingUsd),
  ]);
  return rows.length === 0
    ? []
    : ['', ...layOut([left('in project'), right('context limit'), right('call ceiling')], rows)];
}

const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;

function tokensText(tokens: number | null): string {
  return tokens === null ? 'none' : `${tokens.toLocaleString('en-US')} tokens`;
}

function usdText(usd: number | null): string {
  return usd === null ? 'none' : formatUsd(Math.round(usd * 100) * nanoUsdPerCent);
}

function onOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}
