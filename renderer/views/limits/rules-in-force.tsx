/** The rules in force, each as a sentence: for all, then what differs by project. */
import type { LimitsView } from '../../../shared/contract/limits-view.ts';
import { ceilingRule, contextRule, furtherRules, projectRules } from './limits-words.ts';

export function RulesInForce({ rules }: { readonly rules: LimitsView['rules'] }) {
  const own = rules.projects
    .map((project) => ({ project: project.project, sentences: projectRules(project, rules) }))
    .filter(({ sentences }) => sentences.length > 0);
  return (
    <section aria-labelledby="rules" className="mb-7">
      <h2 id="rules" className="mb-1">
        Rules in force
      </h2>
      <ul className="ruled max-w-[96ch]">
        <li>{contextRule(rules.contextLimitTokens)}</li>
        <li>{ceilingRule(rules.callCeilingNanoUsd)}</li>
        {own.map(({ project, sentences }) => (
          <li key={project}>
            <b className="font-semibold">In {project}:</b> {sentences.join(' ')}
          </li>
        ))}
        {furtherRules(rules).map((sentence) => (
          <li key={sentence} className="text-dim">
            {sentence}
          </li>
        ))}
      </ul>
    </section>
  );
}
