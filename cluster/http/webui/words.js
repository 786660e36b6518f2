// What became of a task, and what stands in a framework's way, in sentences.
import { stateWord } from "./format.js";

const REASONS = {
  COMMAND_EXECUTOR_FAILED: "its command could not be run, or ended with an error",
  CONTAINER_LAUNCH_FAILED: "its container could not be started",
  CONTAINER_LIMITATION: "its container reached a limit",
  CONTAINER_LIMITATION_DISK: "it used more disk than it was given",
  CONTAINER_LIMITATION_MEMORY: "it used more memory than it was given",
  CONTAINER_PREEMPTED: "its container made room for another one",
  CONTAINER_UPDATE_FAILED: "its container could not be changed",
  EXECUTOR_REGISTRATION_TIMEOUT: "its executor did not report for duty in time",
  EXECUTOR_REREGISTRATION_TIMEOUT: "its executor did not come back after the agent restarted",
  EXECUTOR_TERMINATED: "its executor ended",
  EXECUTOR_UNREGISTERED: "its executor left",
  FRAMEWORK_REMOVED: "its framework ended",
  GC_ERROR: "its agent could not keep its old directory",
  INVALID_FRAMEWORKID: "it named a framework that is not its own",
  INVALID_OFFERS: "the offer it was launched on was no longer valid",
  IO_SWITCHBOARD_EXITED: "the process that carries its output ended",
  MASTER_DISCONNECTED: "its scheduler was not connected to the master",
  RECONCILIATION: "the scheduler asked what became of it",
  RESOURCES_UNKNOWN: "the agent does not have the resources it needs",
  AGENT_DISCONNECTED: "its agent was disconnected, and its framework does not checkpoint",
  AGENT_DRAINING: "its agent is being drained",
  AGENT_REMOVED: "its agent was removed",
  AGENT_REMOVED_BY_OPERATOR: "an operator said that its agent never comes back",
  AGENT_REREGISTERED: "its agent came back after the master restarted",
  AGENT_RESTARTED: "its agent was restarted",
  AGENT_UNKNOWN: "the master does not know its agent",
  TASK_GROUP_INVALID: "its task group was not valid",
  TASK_GROUP_UNAUTHORIZED: "its task group is not allowed",
  TASK_HEALTH_CHECK_STATUS_UPDATED: "its health check said so",
  TASK_CHECK_STATUS_UPDATED: "its check said so",
  TASK_INVALID: "its description is not valid",
  TASK_KILLED_DURING_LAUNCH: "it was killed while it was being launched",
  TASK_UNAUTHORIZED: "it is not allowed",
  TASK_UNKNOWN: "the agent does not know it",
};
const SOURCES = { SOURCE_MASTER: "the master", SOURCE_AGENT: "its agent", SOURCE_SLAVE: "its agent", SOURCE_EXECUTOR: "its executor" };

export function reasonWords(reason) {
  if (!reason) return "";
  const plain = reason.replace(/^REASON_/, "").replaceAll("SLAVE", "AGENT");
  return REASONS[plain] ?? plain.toLowerCase().replaceAll("_", " ");
}
export const sourceWords = (source) => SOURCES[source] ?? "";

const ENDS = {
  TASK_FINISHED: "It did its work and ended well.",
  TASK_FAILED: "It failed", TASK_KILLED: "It was killed", TASK_LOST: "It was lost",
  TASK_ERROR: "It was refused and never ran", TASK_DROPPED: "It never reached its agent",
  TASK_GONE: "It is gone", TASK_GONE_BY_OPERATOR: "It is gone",
};
const LIVING = {
  TASK_STAGING: "Its agent has it, and its executor is getting ready.",
  TASK_STARTING: "Its executor is starting it.",
  TASK_RUNNING: "It is running.",
  TASK_KILLING: "It is being killed: it was asked to end, and has some time to do so.",
  TASK_UNREACHABLE: "Nobody knows whether it runs: its agent does not answer. If the agent comes back, so may the task.",
  TASK_UNKNOWN: "Nobody knows what became of it.",
};

/** What is the matter with a task, or what it died of. */
export function causeOf(state, status) {
  const end = ENDS[state];
  if (!end) return LIVING[state] ?? stateWord(state);
  if (state === "TASK_FINISHED") return end;
  const message = (status?.message ?? "").trim();
  const exit = /exited with status (\d+)/i.exec(message);
  const signal = /terminated with signal ([A-Za-z ]+)/i.exec(message);
  let why = reasonWords(status?.reason);
  if (exit) why = `its command exited with status\u00a0${exit[1]}${EXITS[exit[1]] ?? ""}`;
  else if (signal) why = `its command was ended by the signal “${signal[1].trim()}”`;
  else if (!why && state === "TASK_KILLED") why = "somebody asked for its end: its framework or an operator";
  return why ? `${end}: ${why}.` : `${end}.`;
}
const EXITS = {
  126: " (the file is there, but cannot be executed)", 127: " (the command was not found)",
  137: " (killed, often because it used too much memory)", 139: " (it accessed memory that is not its own)", 143: " (asked to end)",
};

// -- why not --------------------------------------------------------------------------------------

/** Reason → [what it means, what would have to change, whether waiting helps]. */
export const WHY = {
  NOT_SUBSCRIBED: ["The framework is not subscribed to this role", "The framework would have to subscribe to the role.", false],
  FRAMEWORK_INACTIVE: ["The framework is not connected", "Its scheduler would have to connect to the master.", false],
  SUPPRESSED: ["The framework asked for no offers", "It would have to revive offers for this role.", false],
  AGENT_DEACTIVATED: ["The agent is deactivated or disconnected", "The agent would have to be reached again.", false],
  NOT_WHITELISTED: ["The agent's host is not on the whitelist", "An operator would have to add the host to the whitelist.", false],
  CAPABILITY: ["The framework or the agent lacks a capability", "The framework would have to declare the capability, such as GPU_RESOURCES or MULTI_ROLE.", false],
  CONSTRAINT: ["The framework's own offer constraints exclude the agent", "The framework would have to relax its constraints, or the agent to have other attributes.", false],
  RESERVED_TO_OTHERS: ["All of the agent is reserved for other roles", "An operator would have to unreserve something.", false],
  TAKEN_EARLIER: ["Somebody else took it earlier in the round", "Those ahead hold less of the cluster for their weight. Wait for their offers to be declined or used, or give this role more weight.", true],
  NOTHING_FREE: ["Nothing that the framework can take is free", "Running tasks would have to end, or agents to be added.", true],
  BELOW_MIN_ALLOCATABLE: ["What is free is too little for an offer", "More of the same agent would have to become free.", true],
  QUOTA_LIMIT: ["The role's quota limits it", "An operator would have to raise the limit, or tasks of the role to end.", true],
  HEADROOM: ["It is held back for roles whose guarantee is not met", "Those roles would have to be satisfied first.", true],
  FILTERED: ["The framework refused this not long ago", "Its refusal would have to end, or it could revive offers.", true],
  NOT_LOOKED_AT: ["Nothing stands in the way", "The next round will look at it.", true],
};

/** The same for agents that would not do even if they were entirely free, where that is another matter. */
const NEVER = {
  NOTHING_FREE: "has nothing at all that the framework can take",
  BELOW_MIN_ALLOCATABLE: "is too small",
  TAKEN_EARLIER: "is too small",
  FILTERED: "is too small",
};

/** What would have to change, with what is known: names, amounts, times. */
export function changeWords({ why, agents, never }, value, words) {
  const { until_s: first, until_last_s: last, held_for: heldFor, missing, minimum, holders } = value;
  const parts = [];
  if (never < agents || !NEVER[why]) parts.push((WHY[why] ?? [])[1] ?? "");
  if (why === "CAPABILITY" && Object.keys(missing).length) parts[0] = `${Object.entries(missing).map(([name, n]) => `${name} is missing for ${words.plural(n, "agent")}`).join(", ")}: the framework would have to declare it, or the agent to have it.`;
  if (why === "FILTERED" && first !== null) parts.push(agents > 1 ? `The first refusal ends in ${words.duration(first)}, the last in ${words.duration(last)}.` : `Its refusal ends in ${words.duration(first)}.`);
  if (why === "HEADROOM" && heldFor.length) parts.push(`They are: ${heldFor.join(", ")}.`);
  if ((why === "NOTHING_FREE" || why === "BELOW_MIN_ALLOCATABLE") && never < agents && holders.length) parts.push("Who has it is told below.");
  if (never && NEVER[why]) {
    const who = never < agents ? `Of these ${words.plural(never, "agent")}` : agents === 1 ? "The agent" : "Each of them";
    parts.push(`${who} ${NEVER[why]} even if all of it were free.`);
    if (minimum.length) parts.push(`An offer has to hold at least ${minimum.join(" or ")}.`);
    parts.push("Larger agents would have to join, or the framework to ask for less.");
  }
  return parts.filter(Boolean).join(" ");
}
