/** What the screens ask for, with how long an answer stays fresh. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, type CallFilters } from './api.ts';

/** A month view changes with every call; once in a few seconds is as live as a table should be. */
const tableRefreshMs = 5_000;

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
