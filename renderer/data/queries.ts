/** What the screens ask for, with how long an answer stays fresh. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import type { LimitsInFile } from '../../shared/contract/limits-settings.ts';
import type { SecretsView } from '../../shared/contract/secrets.ts';
import { api, type CallFilters, type RerateRange } from './api.ts';

/** A month view changes with every call; once in a few seconds is as live as a table should be. */
const tableRefreshMs = 5_000;
const slowRefreshMs = 15_000;

export function useStatus() {
  return useQuery({ queryKey: ['status'], queryFn: api.status, refetchInterval: 30_000 });
}

export function useMonth(month: string | undefined, by: string) {
  return useQuery({
    queryKey: ['month', month ?? 'now', by],
    queryFn: () => api.month(month, by),
    refetchInterval: tableRefreshMs,
    placeholderData: keepPreviousData,
  });
}

export function useCalls(filters: CallFilters) {
  return useInfiniteQuery({
    queryKey: ['calls', filters],
    queryFn: ({ pageParam }) => api.calls(filters, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** Asked again with every settled call would be a scan each; a list that stands still needs it once in a while. */
export function useCallsTotal(filters: CallFilters) {
  return useQuery({
    queryKey: ['calls-total', filters],
    queryFn: () => api.callsTotal(filters),
    refetchInterval: slowRefreshMs,
    placeholderData: keepPreviousData,
  });
}

/** `calls`: how many there are by the screen's own figure; another number asks anew, none does not ask. */
export function useUnpriced(month: string | undefined, calls: number) {
  return useQuery({
    queryKey: ['unpriced', month ?? 'now', calls],
    queryFn: () => api.unpriced(month),
    enabled: calls > 0,
    placeholderData: keepPreviousData,
  });
}

export function useBatches() {
  return useQuery({ queryKey: ['batches'], queryFn: api.batches, refetchInterval: slowRefreshMs });
}

export function usePrices() {
  return useQuery({ queryKey: ['prices'], queryFn: api.prices, refetchInterval: slowRefreshMs });
}

export function usePricedBy() {
  return useQuery({ queryKey: ['priced-by'], queryFn: api.pricedBy, refetchInterval: 60_000 });
}

export function useCheckPrices() {
  return useMutation({ mutationFn: api.checkPrices });
}

export function useApplyPrices() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.applyPrices, onSettled: () => client.invalidateQueries() });
}

export function useResetPrices() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.resetPrices, onSettled: () => client.invalidateQueries() });
}

export type RerateRequest = RerateRange & { readonly isTrial: boolean };

export function useRerate() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ isTrial, ...range }: RerateRequest) => api.rerate(range, isTrial),
    onSettled: (_answer, _error, { isTrial }) => (isTrial ? undefined : client.invalidateQueries()),
  });
}

export function useKeys() {
  return useQuery({ queryKey: ['keys'], queryFn: api.keys, refetchInterval: slowRefreshMs });
}

export function useSecrets() {
  return useQuery({ queryKey: ['secrets'], queryFn: api.secrets, refetchInterval: slowRefreshMs });
}

/** To be called with what is known now; what rests on a key is asked for again. */
export function useSecretsChanged() {
  const client = useQueryClient();
  return (view: SecretsView) => {
    client.setQueryData(['secrets'], view);
    for (const queryKey of [['keys'], ['stripe']]) void client.invalidateQueries({ queryKey });
  };
}

/** After each the list is read again; a key that an answer holds is kept nowhere else, and forgotten with the screen. */
function useChangeOfKeys<Question, Answer>(change: (question: Question) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    gcTime: 0,
    onSettled: () => client.invalidateQueries({ queryKey: ['keys'] }),
  });
}

export function useCreateKey() {
  return useChangeOfKeys(api.createKey);
}

export function useRenameKey() {
  return useChangeOfKeys(({ id, name }: { id: string; name: string }) => api.renameKey(id, name));
}

export function useRotateKey() {
  return useChangeOfKeys(({ id, isNow }: { id: string; isNow: boolean }) => api.rotateKey(id, isNow));
}

export function useRevokeKey() {
  return useChangeOfKeys(api.revokeKey);
}

export function useAssign() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.assign, onSettled: () => client.invalidateQueries() });
}

export function useFacets() {
  return useQuery({ queryKey: ['facets'], queryFn: api.facets, staleTime: 30_000 });
}

export function useCall(id: string) {
  return useQuery({ queryKey: ['call', id], queryFn: () => api.call(id) });
}

export function useStripe() {
  return useQuery({ queryKey: ['stripe'], queryFn: api.stripe, refetchInterval: tableRefreshMs });
}

export function useSyncNow() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.syncNow, onSettled: () => client.invalidateQueries({ queryKey: ['stripe'] }) });
}

export function useMeterEvent(id: string) {
  return useQuery({
    queryKey: ['meter-event', id],
    queryFn: () => api.meterEvent(id),
    refetchInterval: tableRefreshMs,
  });
}

export const useRetryEvent = () => useStripeChange(api.retryEvent);
export const useSetAsideEvent = () => useStripeChange(api.setAsideEvent);
export function usePlan() {
  return useQuery({ queryKey: ['plan'], queryFn: api.plan, refetchInterval: slowRefreshMs });
}

export function useChangePlan() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: api.changePlan,
    onSuccess: (view) => client.setQueryData(['plan'], view),
    onSettled: () => client.invalidateQueries({ queryKey: ['stripe'] }),
  });
}

export const useCreateItem = () => useStripeChange(api.createItem);

export function useBilledCustomers() {
  return useQuery({ queryKey: ['billed-customers'], queryFn: api.billedCustomers, refetchInterval: slowRefreshMs });
}

export function useCustomerMonth(customer: string, month: string) {
  return useQuery({
    queryKey: ['customer-month', customer, month],
    queryFn: () => api.customerMonth(customer, month),
    refetchInterval: slowRefreshMs,
  });
}

/** Asks Stripe, which uses reads; what it said is kept with the ledger and shown from there. */
export function useReadMonth(customer: string, month: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.readMonth(customer, month),
    onSettled: () => client.invalidateQueries({ queryKey: ['customer-month', customer, month] }),
  });
}

export const useCarryForward = () => useStripeChange(api.carryForward);

/** What a person decides about meter events; the screen is read again afterwards. */
function useStripeChange<Question, Answer>(change: (question: Question) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSettled: () => client.invalidateQueries({ queryKey: ['stripe'] }) });
}

/** Reserved and spent move with every call. */
export function useLimits() {
  return useQuery({ queryKey: ['limits'], queryFn: api.limits, refetchInterval: 2_000 });
}

export function useLimitsSettings() {
  return useQuery({ queryKey: ['limits-settings'], queryFn: api.limitsSettings, refetchInterval: tableRefreshMs });
}

export type LimitsChange = { readonly settings: LimitsInFile; readonly revision: string };

export function useChangeLimits() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ settings, revision }: LimitsChange) => api.changeLimits(settings, revision),
    onSuccess: (view) => client.setQueryData(['limits-settings'], view),
    onSettled: () => {
      for (const queryKey of [['limits'], ['limits-settings'], ['status']]) void client.invalidateQueries({ queryKey });
    },
  });
}

export function useAllow() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.allow, onSettled: () => client.invalidateQueries({ queryKey: ['limits'] }) });
}

export function useRevoke() {
  const client = useQueryClient();
  return useMutation({ mutationFn: api.revoke, onSettled: () => client.invalidateQueries({ queryKey: ['limits'] }) });
}
