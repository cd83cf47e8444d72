/** Data of the brain: what it knows of the world, and its small talk. */

/** Places a caller may name, in lower case, with their IANA time zone. Longer names stand before those they contain. */
export const TIME_ZONES: readonly (readonly [place: string, timeZone: string])[] = [
  ["new york", "America/New_York"],
  ["los angeles", "America/Los_Angeles"],
  ["san francisco", "America/Los_Angeles"],
  ["mexico city", "America/Mexico_City"],
  ["buenos aires", "America/Argentina/Buenos_Aires"],
  ["são paulo", "America/Sao_Paulo"],
  ["sao paulo", "America/Sao_Paulo"],
  ["hong kong", "Asia/Hong_Kong"],
  ["tokyo", "Asia/Tokyo"],
  ["osaka", "Asia/Tokyo"],
  ["japan", "Asia/Tokyo"],
  ["seoul", "Asia/Seoul"],
  ["beijing", "Asia/Shanghai"],
  ["shanghai", "Asia/Shanghai"],
  ["singapore", "Asia/Singapore"],
  ["mumbai", "Asia/Kolkata"],
  ["delhi", "Asia/Kolkata"],
  ["india", "Asia/Kolkata"],
  ["dubai", "Asia/Dubai"],
  ["sydney", "Australia/Sydney"],
  ["melbourne", "Australia/Melbourne"],
  ["auckland", "Pacific/Auckland"],
  ["honolulu", "Pacific/Honolulu"],
  ["cairo", "Africa/Cairo"],
  ["nairobi", "Africa/Nairobi"],
  ["lagos", "Africa/Lagos"],
  ["johannesburg", "Africa/Johannesburg"],
  ["istanbul", "Europe/Istanbul"],
  ["moscow", "Europe/Moscow"],
  ["athens", "Europe/Athens"],
  ["berlin", "Europe/Berlin"],
  ["munich", "Europe/Berlin"],
  ["germany", "Europe/Berlin"],
  ["vienna", "Europe/Vienna"],
  ["zurich", "Europe/Zurich"],
  ["paris", "Europe/Paris"],
  ["madrid", "Europe/Madrid"],
  ["rome", "Europe/Rome"],
  ["amsterdam", "Europe/Amsterdam"],
  ["london", "Europe/London"],
  ["lisbon", "Europe/Lisbon"],
  ["reykjavik", "Atlantic/Reykjavik"],
  ["toronto", "America/Toronto"],
  ["boston", "America/New_York"],
  ["chicago", "America/Chicago"],
  ["denver", "America/Denver"],
  ["seattle", "America/Los_Angeles"],
  ["vancouver", "America/Vancouver"],
  ["utc", "UTC"],
  ["gmt", "UTC"],
];

/** Numbers as they are spoken; "a" is not one of them. */
export const NUMBER_WORDS: readonly string[] = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];

/** Words that say nothing about which tool is meant. */
export const STOP_WORDS = new Set(
  `a about again all also an and any are as at be been by call called caller can could current day did do does for from get
  give given go has have her him his how i if in into is it its just know let like list look make may me more much my name
  need new now number of off on one or our out over please return returns say says show so some string tell than thank
  thanks that the their them then there they this time to tool up us use used user uses value want wants was we what when
  where whether which who will with would you your`.split(/\s+/),
);

/** Small talk, first match wins. `{name}` and `{role}` are the agent's own; the answer follows from nothing else. */
export const SMALL_TALK: readonly (readonly [pattern: RegExp, answer: string])[] = [
  [/^(yes|yeah|yep|sure|okay|ok|right|correct)\b/, "Great. What would you like to do next?"],
  [/^(no|nope|not really)\b/, "All right. Then tell me if anything else comes to mind."],
  [/\bhow are you\b|\bhow('s| is) it going\b/, "I'm doing well, thank you for asking. How are you?"],
  [/\b(what('s| is)|tell me) your name\b|\bwho (are you|am i (talking|speaking) (to|with))\b/, "I'm {self}."],
  [/\bwhat can you do\b|\bhow can you help\b|\bhelp me\b/, "I'm {self}. {abilities}"],
  [
    /\bare you (a |an )?(robot|bot|ai|machine|human|real|person)\b/,
    "I'm a voice agent, so a computer. I try to be good company.",
  ],
  [/\bjoke\b/, "Why did the voice agent cross the road? It was looking for a better connection."],
  [/\bweather\b/, "I can't look outside from here, but I hope the sun is shining where you are."],
  [
    /\bstory\b/,
    "Once there was a small lighthouse at the end of a long pier. Every night it counted the ships that came home. One night the fog was so thick that it could not see a single one. So it began to sing. The captains heard the song and steered towards it. By morning, every ship was in the harbour. Since then, people say, the lighthouse sings a little whenever the fog comes in.",
  ],
  [/\bthank(s| you)\b/, "You're welcome. Is there anything else?"],
  [/\bsorry\b/, "No problem at all."],
  [/^(hi|hello|hey|good (morning|afternoon|evening))\b/, "Hello! I'm {self}. What can I do for you?"],
];

/** Ways to show that something was understood. `{topic}` is the caller's own words. */
export const ECHOES: readonly string[] = [
  "I understand that you said: {topic}. Tell me more about that.",
  "You said: {topic}. What would you like to know about it?",
  "I heard: {topic}. Is there something I can do about it?",
];

/** The same for a question, which a student could answer with a tool. `{topic}` is the question. */
export const UNANSWERED: readonly string[] = [
  "You asked: {topic}? I can't look that up yet. With a tool for it I could.",
  "{topic}? I don't know that, I'm sorry. A tool could find it out for me.",
];
