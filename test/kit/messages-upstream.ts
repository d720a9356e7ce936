/** An upstream that answers every call with a message of its own id and the usage it is given: what a call then costs is known to the test. */
import { startUpstream, type Upstream } from './upstream.ts';

let answers = 0;

export function startMessagesUpstream(usage: object, model = 'claude-sonnet-5-5'): Promise<Upstream> {
  return startUpstream((_request, response) => {
    answers += 1;
    const message = { id: `msg_${answers}_${Date.now()}`, type: 'message', model, stop_reason: 'end_turn', usage };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
}
