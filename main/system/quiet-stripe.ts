/**
 * The Stripe SDK writes for its own users to stderr: a hint for Claude Code when it runs inside it, notices of the test mode; and it names the agent to Stripe. Said
 * to this process before the SDK is loaded. Source: facts/stripe.md section 6.
 */
export function quietStripe(): void {
  delete process.env['CLAUDECODE'];
  delete process.env['CLAUDE_CODE_CHILD_SESSION'];
  process.env['STRIPE_SUPPRESS_NOTICES'] = 'true';
}
