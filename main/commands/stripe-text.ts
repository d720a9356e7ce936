/** What `tollkeeper stripe` says on a terminal: the account, the steps of a set-up, customers, who is billed for whom. Pure. */
import type {
  CustomersView,
  MappingView,
  ReleaseAnswer,
  UnmappedGroup,
} from '../../shared/contract/stripe-customers.ts';
import type { SetupResult, SetupStep, SetupView, StripeAccountView } from '../../shared/contract/stripe-setup.ts';
import { leavesSoon } from '../../shared/leaves-soon.ts';
import { formatUsd } from '../../shared/money.ts';
import { actionWords, outcomeWords } from '../../shared/setup-words.ts';
import { stillMapped } from '../../shared/still-mapped.ts';
import { demoLabel } from './host.ts';
import { layOut, type Column } from './table.ts';

export function accountText({ bound, isDemo, key, permissions, newKeyLink }: StripeAccountView): string[] {
  return [
    ...(isDemo ? [demoLabel] : []),
    bound === null
      ? 'This ledger is billed to no Stripe account yet: it is bound at the first contact.'
      : `This ledger is billed to the ${isDemo ? 'simulated' : bound.mode} account ${bound.accountId}, since ${dayText(bound.boundAtMs)}.`,
    `${key.sentence}${key.remedy === null ? '' : ` ${key.remedy}`}`,
    '',
    'What a restricted key (rk_…) must be allowed, for all of it and every day:',
    ...layOut(
      [left('permission'), left('for all'), left('every day'), left('what for')],
      permissions.map(({ row, access, purpose, everyDay }) => [row, access, everyDay ?? '–', purpose]),
    ),
    `Make one: ${newKeyLink}`,
  ];
}

export function setupText(view: SetupView): string[] {
  const { mode, accountId, plan, steps, toDo, notes } = view;
  const head = `Plan ${plan} in the ${mode === 'demo' ? 'simulated' : mode} account ${accountId}:`;
  const rows = steps.map((step) => [actionWords[step.action], step.what, step.name, wordsOf(step)]);
  return [
    head,
    ...layOut([left('to do'), left(''), left('name'), left('')], rows),
    ...notes,
    ...(toDo === 0 ? ['Nothing is to be done.'] : []),
  ];
}

export function setupResultText({ steps, sentence }: SetupResult): string[] {
  const told = steps.filter(({ outcome }) => outcome !== 'found');
  const rows = told.map((step) => [outcomeWords[step.outcome], step.what, step.id ?? step.name, wordsOf(step)]);
  return ['', ...(rows.length > 0 ? layOut([left(''), left(''), left('id'), left('')], rows) : []), sentence];
}

function wordsOf({ sentence, remedy }: Pick<SetupStep, 'sentence' | 'remedy'>): string {
  return remedy === null ? sentence : `${sentence} ${remedy}`;
}

export function customersText({ customers, hasMore, mode, accountId, reads }: CustomersView, search: string): string[] {
  const rows = customers.map(({ id, name, email }) => [id, name ?? '–', email ?? '–']);
  return [
    `Customers of the ${mode === 'demo' ? 'simulated' : mode} account ${accountId}${search === '' ? '' : ` with “${search}”`}:`,
    ...(rows.length > 0 ? layOut([left('customer'), left('name'), left('address')], rows) : ['None.']),
    ...(hasMore ? ['There are more: look for a part of the name or address.'] : []),
    `${reads.used.toLocaleString('en-US')} of the ${reads.max.toLocaleString('en-US')} reads that Stripe allows in a month are used.`,
  ];
}

export function mappingText(view: MappingView): string[] {
  const { projects, members, fallback, trouble } = view;
  const rows = [
    ...projects.map(({ name, customer }) => ['project', name, customer]),
    ...members.map(({ name, customer }) => ['member', name, customer]),
    ...(fallback === null ? [] : [['all else', '', fallback]]),
  ];
  return [
    ...(trouble === null ? [] : [`${trouble.message} What was in force stays. ${trouble.remedy}`]),
    ...(rows.length > 0
      ? layOut([left(''), left('name'), left('customer')], rows)
      : ['Nothing is mapped to a customer yet.']),
    ...unmappedText(view),
  ];
}

function unmappedText(view: MappingView): string[] {
  const { unmapped: groups, asOfMs } = view;
  if (groups.length === 0) return ['', 'No calls wait for a customer.'];
  const rows = groups.map((group) => [
    whoOf(group),
    count(group.calls),
    formatUsd(group.costNanoUsd, 6),
    group.firstMs === null ? '–' : dayText(group.firstMs),
    group.leavesAtMs === null
      ? '–'
      : `${dayText(group.leavesAtMs)}${leavesSoon(group.leavesAtMs, asOfMs) ? ' (soon)' : ''}`,
    group.older.calls === 0 ? '–' : `${count(group.older.calls)}, ${formatUsd(group.older.costNanoUsd, 6)}`,
  ]);
  const columns = [
    left('of'),
    right('calls'),
    right('cost'),
    left('since'),
    left('leave on'),
    right('left the window'),
  ];
  return [
    '',
    'Calls that wait for a customer; Stripe takes them for 35 days:',
    ...layOut(columns, rows),
    ...(groups.some(({ unknownCustomer }) => unknownCustomer === null)
      ? ['Bill them: `tollkeeper stripe release project NAME CUSTOMER`.']
      : []),
    ...groups.flatMap((group) => unknownText(group, view)),
  ];
}

function unknownText({ unknownCustomer, uncertain }: UnmappedGroup, view: MappingView): string[] {
  if (unknownCustomer === null) return [];
  const mapped = stillMapped(view, unknownCustomer);
  return [
    `Stripe does not know the customer ${unknownCustomer}: bill its calls by \`tollkeeper stripe release customer ${unknownCustomer} CUSTOMER\`.`,
    ...(mapped === null ? [] : [mapped]),
    ...uncertainText(uncertain),
  ];
}

function uncertainText({ calls, costNanoUsd }: UnmappedGroup['uncertain']): string[] {
  if (calls === 0) return [];
  const [stay, them] = calls === 1 ? ['stays', 'it'] : ['stay', 'them'];
  return [
    `${callsOf(calls)} more that cost ${formatUsd(costNanoUsd, 6)} ${stay}: Stripe may count ${them}, on one meter at least. \`tollkeeper sync retry ID\` finds out of a refused event; what Stripe does not count can be released then.`,
  ];
}

function whoOf({ project, member, unknownCustomer }: UnmappedGroup): string {
  if (unknownCustomer !== null) return `customer ${unknownCustomer}`;
  if (project !== null) return `project ${project}`;
  return member === null ? 'nobody' : `member ${member}`;
}

export function releaseText({
  customer,
  calls,
  costNanoUsd,
  unpricedCalls,
  fromMs,
  toMs,
  older,
  uncertain,
  isTrial,
}: ReleaseAnswer): string[] {
  const span = fromMs === null || toMs === null ? '' : ` of ${daysText(fromMs, toMs)}`;
  const [are, were] = isTrial
    ? ['would be', 'would be']
    : [calls === 1 ? 'is' : 'are', older.calls === 1 ? 'is' : 'are'];
  return [
    calls === 0
      ? 'No calls within Stripe’s 35 days wait here.'
      : `${callsOf(calls)}${span} that cost ${formatUsd(costNanoUsd, 6)} ${are} billed to ${customer}, each in its own minute and under the plan of its time.`,
    ...(unpricedCalls > 0 ? [`${callsOf(unpricedCalls)} of them without a price: billed once there is one.`] : []),
    ...(older.calls === 0
      ? []
      : older.isReleased
        ? [
            `${callsOf(older.calls)} that cost ${formatUsd(older.costNanoUsd, 6)} left the window: they ${were} set aside, with an invoice item proposed.`,
          ]
        : [
            `${callsOf(older.calls)} that cost ${formatUsd(older.costNanoUsd, 6)} left the window and stay where they are; --older bills them by an invoice item.`,
          ]),
    ...uncertainText(uncertain),
  ];
}

function callsOf(calls: number): string {
  return `${count(calls)} ${calls === 1 ? 'call' : 'calls'}`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function daysText(fromMs: number, toMs: number): string {
  const [from, to] = [dayText(fromMs), dayText(toMs)];
  return from === to ? from : `${from} to ${to}`;
}

function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

function left(title: string): Column {
  return { title, align: 'left' };
}

function right(title: string): Column {
  return { title, align: 'right' };
}
