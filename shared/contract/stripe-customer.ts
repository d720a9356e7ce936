/** The id of a Stripe customer, as settings and plans name it. */
import { z } from 'zod';

export const stripeCustomerSchema = z.string().regex(/^cus_[A-Za-z0-9_]+$/, 'a Stripe customer id starts with cus_');
