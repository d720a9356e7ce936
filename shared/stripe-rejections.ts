/**
 * Why Stripe does not count a meter event, and what a person can do about it, in plain words. Pure.
 * Codes: facts/stripe.md section 3 (an open list: one that is not known is kept with Stripe's own words). v1 answers give no code, only a text.
 */

export type Rejection = { readonly cause: string; readonly remedy: string };

const rejections: Readonly<Record<string, Rejection>> = {
  meter_event_customer_not_found: {
    cause: 'Stripe does not know this customer.',
    remedy:
      'Map what was mapped to it to a customer that exists, and release its calls to that one: under Customers on the Stripe screen, or by `tollkeeper stripe release customer`.',
  },
  meter_event_no_customer_defined: {
    cause: 'The meter expects the customer under another name than stripe_customer_id.',
    remedy:
      'A meter cannot be changed: archive it in Stripe, let `tollkeeper stripe setup` make it anew, then send it again.',
  },
  meter_event_invalid_value: {
    cause: 'The meter does not take this value.',
    remedy: 'Check that the meter adds up whole numbers under the key "value"; then send it again.',
  },
  meter_event_value_too_many_digits: {
    cause: 'The value has more than 15 digits.',
    remedy: 'Set it aside and bill it by an invoice item.',
  },
  not_counted: {
    cause: 'Stripe took it and does not count it, and no report that names it is to be had.',
    remedy:
      'Look in Stripe for what was wrong with its customer or meter that day; then send it again, or set it aside.',
  },
  no_meter: {
    cause: 'There is no active meter of this name in the Stripe account.',
    remedy: 'Create the meter, or reactivate it; then send it again.',
  },
  archived_meter: {
    cause: 'The meter is deactivated.',
    remedy: 'Reactivate the meter in Stripe; then send it again.',
  },
  timestamp_too_far_in_past: {
    cause: 'It is older than the 35 days that Stripe takes.',
    remedy: 'Set it aside and bill it by an invoice item.',
  },
  timestamp_in_future: {
    cause: 'Its time lies in Stripe’s future: the clock of this machine was ahead.',
    remedy: 'Put the clock right; then send it again once that minute has come.',
  },
  missing_dimension_payload_keys: {
    cause: 'The meter has dimensions that a meter event does not carry.',
    remedy: 'Use a meter without dimensions; then send it again.',
  },
  meter_event_dimension_count_too_high: {
    cause: 'The meter has more dimensions than Stripe takes.',
    remedy: 'Use a meter without dimensions; then send it again.',
  },
};

const unknownRejection: Rejection = {
  cause: 'Stripe refuses it.',
  remedy: 'See Stripe’s words, mend what they name, then send it again, or set it aside.',
};

export function rejectionOf(code: string): Rejection {
  return rejections[code] ?? unknownRejection;
}

const texts: readonly (readonly [text: RegExp, code: string])[] = [
  [/No active meter found/i, 'no_meter'],
  [/cannot be more than 35 days/i, 'timestamp_too_far_in_past'],
  [/in the future/i, 'timestamp_in_future'],
  [/15 significant digits/i, 'meter_event_value_too_many_digits'],
  [/No such customer/i, 'meter_event_customer_not_found'],
];

/** The code of an answer that has only a text; `other` when it is none that is known. */
export function rejectionCodeOf(text: string): string {
  return texts.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}
