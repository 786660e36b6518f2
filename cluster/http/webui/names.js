// Names of frameworks and hosts by id, for lists that carry ids only. Kept up to date by events.
import { get } from "./api.js";
import { live } from "./live.js";

const MOST = 1000;
const AGENTS_MS = 800;
const known = { frameworks: new Map(), agents: new Map() };

export function startNames() {
  const load = async () => {
    await learn("/page/frameworks", learnFramework);
    clearTimeout(later); // what is looked at comes first
    later = setTimeout(() => learn("/page/agents", learnAgent), AGENTS_MS);
  };
  const learn = async (path, one) => {
    try {
      (await get(path, { limit: MOST, sort: "registered", order: "desc" })).found.forEach(one);
      live.dispatchEvent(new Event("names"));
    } catch { /* ids are shown then */ }
  };
  let later = 0;
  load();
  live.on((events) => {
    if (events === null) return load();
    for (const event of events) {
      if (event.framework) learnFramework(event.framework);
      if (event.agent) learnAgent(event.agent);
    }
  });
}

export function learnFramework(one) { known.frameworks.set(one.id, one.name); }
export function learnAgent(one) { known.agents.set(one.id, one.hostname); }
export const frameworkName = (id) => known.frameworks.get(id) || id;
export const agentName = (id) => known.agents.get(id) || null;
export const frameworkNames = () => [...known.frameworks];
