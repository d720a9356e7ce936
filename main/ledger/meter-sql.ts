/** Parts of statements that tell amounts of meters with their units (shared/contract/meter-amounts.ts). */

/** Of meter events: what a sum of money says nothing of. */
export const quantitySums = `COALESCE(SUM(CASE unit WHEN 'token' THEN value END), 0) AS tokens,
  COALESCE(SUM(CASE unit WHEN 'request' THEN value END), 0) AS requests, COALESCE(SUM(unpriced_calls > 0), 0) AS unpricedEvents`;

/** The columns of a `MeterLabel`, of `meter_units u`. */
export const meterLabel = 'u.unit, u.token_class AS tokenClass, u.model';

/** The columns of a `ToldAndDue`, of billing_differences with `meter_units u`. */
export const toldAndDue = `${meterLabel}, sent_thousandths AS sentThousandths, due_thousandths AS dueThousandths,
  sent_worth_nano_usd AS sentWorthNanoUsd, due_worth_nano_usd AS dueWorthNanoUsd`;
