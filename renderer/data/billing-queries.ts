/** What the set-up and customers of the Stripe screen ask for. What costs a read at Stripe is asked for by a person, not by a timer. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api } from './api.ts';

const refreshMs = 15_000;
/** Calls of nobody are counted anew each time, and there may be a million. */
const mappingRefreshMs = 60_000;
/** A list of customers hardly changes while somebody looks at it, and each look is one of the month's reads. */
const customersFreshMs = 5 * 60_000;

export function useStripeAccount() {
  return useQuery({ queryKey: ['stripe-account'], queryFn: api.stripeAccount, refetchInterval: refreshMs });
}

export function useLookAtSetup() {
  return useMutation({ mutationFn: api.stripeSetup });
}

export function useApplySetup() {
  return useMutation({ mutationFn: api.applySetup });
}

export function useMapping() {
  return useQuery({ queryKey: ['stripe-mapping'], queryFn: api.mapping, refetchInterval: mappingRefreshMs });
}

export function useCustomers(search: string) {
  return useQuery({
    queryKey: ['stripe-customers', search],
    queryFn: () => api.stripeCustomers(search),
    staleTime: customersFreshMs,
    retry: false,
    placeholderData: keepPreviousData,
  });
}

export function useCreateCustomer() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: api.createCustomer,
    onSuccess: () => client.invalidateQueries({ queryKey: ['stripe-customers'] }),
  });
}

export const useMap = () => useBillingChange(api.map);
export const useRelease = () => useBillingChange(api.release);

/** Everything that shows calls by customer is read again. */
function useBillingChange<Question, Answer>(change: (question: Question) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => {
      for (const queryKey of [['stripe-mapping'], ['stripe'], ['month'], ['limits']])
        void client.invalidateQueries({ queryKey });
    },
  });
}
