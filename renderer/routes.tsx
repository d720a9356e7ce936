/** The nouns of the product and the screens that show them. The rail, the router and the titles read this one list. */
import type { ComponentType } from 'react';

import { CallsView } from './views/calls/calls-view.tsx';
import { KeysView } from './views/keys/keys-view.tsx';
import { LimitsView } from './views/limits/limits-view.tsx';
import { LiveView } from './views/live/live-view.tsx';
import { MonthView } from './views/month/month-view.tsx';
import { PricesView } from './views/prices/prices-view.tsx';
import { StripeView } from './views/stripe/stripe-view.tsx';

export type ScreenRoute = {
  readonly noun: string;
  readonly path: string;
  readonly pattern: string;
  readonly View: ComponentType;
};

export const routes: readonly ScreenRoute[] = [
  { noun: 'Live', path: '/', pattern: '/', View: LiveView },
  { noun: 'Month', path: '/month', pattern: '/month', View: MonthView },
  { noun: 'Calls', path: '/calls', pattern: '/calls/:id?', View: CallsView },
  { noun: 'Limits', path: '/limits', pattern: '/limits', View: LimitsView },
  { noun: 'Prices', path: '/prices', pattern: '/prices', View: PricesView },
  { noun: 'Keys', path: '/keys', pattern: '/keys', View: KeysView },
  { noun: 'Stripe', path: '/stripe', pattern: '/stripe', View: StripeView },
];
