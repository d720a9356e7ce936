/**
 * The Stripe SDK writes for its own users to stderr: a hint for Claude Code when it runs inside it, notices of the test mode; and it names the agent to Stripe. It
 * reads this in the environment of its process, so it is said there, before it is loaded. Source: facts/stripe.md section 6.
 */
export function quietStripe(env: NodeJS.ProcessEnv): void {
  delete env['CLAUDECODE'];
  delete env['CLAUDE_CODE_CHILD_SESSION'];
  env['STRIPE_SUPPRESS_NOTICES'] = 'true';
}
