/** The only places outside that the app opens, by exact host; everything else is ignored. Pure. */
const allowedHosts = new Set([
  'dashboard.stripe.com',
  'docs.stripe.com',
  'console.anthropic.com',
  'platform.claude.com',
]);

export function isAllowedLink(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && url.protocol === 'https:' && url.username === '' && allowedHosts.has(url.hostname);
}
