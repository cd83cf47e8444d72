/**
 * Every limit of Callroom: code, tests and docs read this one table. A limit says in its name what it bounds
 * and in which unit; the comment says where it is enforced and why it has this size.
 */
export const LIMITS = {
  /** Longest call, enforced by the Call object's alarm. Also what a workshop may raise it to. */
  callDefaultMs: 15 * 60_000,
  callMaxMs: 60 * 60_000,
  /** A socket that has not sent `setup` by then is closed 1008 (alarm). */
  firstMessageMs: 5_000,
  /** Caller says nothing: the agent asks, then ends the call (alarm). */
  silenceCheckInMs: 30_000,
  silenceEndMs: 60_000,
  /** A dropped caller leg may come back to its call within this time (alarm). */
  resumeWindowMs: 30_000,
  /** How often a call that has nothing else to wait for looks whether its caller is still there (alarm). */
  legCheckMs: 30_000,
  /** Twilio sessions that one phone call may open after its first. */
  resumesPerCall: 2,

  /** One frame from the caller; larger closes 1009 before it is parsed. */
  textFrameBytes: 64 * 1024,
  /** Nesting of one frame; Twilio needs 2, more than this is refused before it is parsed. */
  frameDepth: 16,
  /** One frame of a browser's sound, and one of its text messages is `textFrameBytes`; larger closes 1009. */
  soundFrameBytes: 256 * 1024,
  /** Token bucket per socket; empty closes 1008. */
  framesPerSecond: 120,
  framesBurst: 240,
  /** Unreadable frames in a row before the socket is closed 1008 (Twilio's own limit for us is the same). */
  badFramesInARow: 10,
  /** Keypad digits kept per call, and the pause that ends one entry. */
  dtmfDigitsPerCall: 64,
  dtmfPauseMs: 1_500,
  /** One utterance as kept and sent to the model; the rest is cut. */
  utteranceCharacters: 16 * 1024,
  /** More than anybody says: each may ask the model something, on somebody's money. */
  utterancesPerMinute: 240,
  /** Utterances kept while the call is still connecting. */
  utterancesWhileConnecting: 16,

  /** Text model: first event of a response, then the longest pause between two events. */
  firstTokenMs: 6_000,
  upstreamPauseMs: 8_000,
  /** One retry of a refused request waits at most this long (a caller cannot wait). */
  upstreamRetryMaxMs: 2_000,
  responseOutputTokens: 1_024,
  /** What one turn's answer may hold; the stream is ended there. */
  answerCharacters: 16 * 1024,
  /** History sent to the model, trimmed by whole exchanges, oldest first. */
  historyCharacters: 64 * 1024,
  historyItems: 60,

  /** Calls with sound: dialling OpenAI and setting the session up; then one more try. */
  voiceConnectMs: 5_000,
  /** Sessions that may be lost one after the other, without an answer in between, before the call gives up. */
  voiceReconnects: 2,
  /** OpenAI ends a session after 60 min: from this age on a new one takes over, in the next pause or at the latest. */
  voiceHandOverMs: 50 * 60_000,
  voiceHandOverLatestMs: 55 * 60_000,
  /** Sound of the caller kept while OpenAI is not there yet; beyond it the oldest goes. */
  soundWhileConnectingMs: 10_000,
  /** A caller who stops sending in mid-speech (muted, network) is given silence, so that the turn can end. */
  soundGapMs: 750,
  soundGapFillMs: 1_000,
  /** A push-to-talk button held shorter was touched by mistake. */
  talkMinMs: 200,
  /** Caller of a call with sound without any frame: gone (alarm, so up to `legCheckMs` later). */
  deadCallerMs: 45_000,
  /** Send queue of a caller's socket: over the first sound is dropped, over the second it is closed 1013. */
  sendQueueDropBytes: 512 * 1024,
  sendQueueCloseBytes: 1024 * 1024,
  /** After the end of a call its last transcript may still come: the session stays so long, and no longer. */
  voiceDrainMs: 1_000,
  /** A piece of sound from OpenAI (base64) and one event of it; larger are left out. */
  upstreamEventCharacters: 4 * 1024 * 1024,
  /** How much sound of the phone goes between two marks, and with it how exactly a barge-in is placed. */
  markEveryMs: 400,
  /** A sample of a voice: the most sound there is of it, and the time to make it. */
  voiceSampleSoundMs: 12_000,
  voiceSampleMs: 15_000,
  /** Longest recorded sentence, said where OpenAI cannot be reached; a longer file is not read. */
  spokenMs: 12_000,

  toolDefaultMs: 5_000,
  toolMaxMs: 10_000,
  toolFillerMs: 1_200,
  toolRequestBytes: 20 * 1024,
  toolReplyBytes: 64 * 1024,
  /** What of a tool's output the model is given; the rest is cut, and the model is told so. */
  toolOutputCharacters: 16 * 1024,
  toolArgumentsCharacters: 8 * 1024,
  toolsAtOnce: 4,
  toolsPerTurn: 8,
  toolsPerCall: 30,
  /** Responses of one turn: the answer after this many tool rounds is asked for without tools. */
  toolRoundsPerTurn: 5,

  /** REST bodies; larger is 413. */
  bodyBytes: 64 * 1024,
  /** Nesting of a JSON body; deeper is 400. A tool's schema inside one may be `schemaDepth` deep. */
  bodyDepth: 32,
  promptBytes: 16 * 1024,
  greetingBytes: 1_024,
  nameBytes: 200,
  emailCharacters: 254,
  voiceCharacters: 100,
  tools: 16,
  urlCharacters: 2_048,
  schemaDepth: 16,
  schemaCharacters: 8 * 1024,

  /** Database: the read at call start and every REST query. */
  databaseStartMs: 2_500,
  /** Outbox: first retry, doubled up to the longest. */
  outboxRetryMs: 1_000,
  outboxRetryMaxMs: 60_000,
  outboxDrainMs: 10_000,
  /** Turns of a call go to the archive at most this often while it lives; at its end at once. */
  outboxPaceMs: 3_000,
  outboxBatchRows: 100,

  /** Key check against OpenAI, and how often a student may ask for it. */
  keyCheckMs: 5_000,
  keyChecksPerMinute: 3,

  /** How long a browser stays signed in (`Max-Age` of the cookie): the length of a workshop. */
  sessionCookieMs: 14 * 24 * 3_600_000,
  /** How long the console stays signed in. */
  instructorCookieMs: 12 * 3_600_000,
  /** Wrong instructor's tokens of one network address before each next one must wait: 2 s, 4 s, 8 s … (object). */
  loginsWithoutWait: 5,
  loginWaitMaxMs: 15 * 60_000,
  /** Wrong tokens of all addresses together within this time; beyond it only addresses that were right before may try. */
  loginsWrongInAll: 100,
  loginsWindowMs: 15 * 60_000,
  /** Wrong tokens of an address are forgotten this long after the last; that it was right once, after this. */
  loginForgetMs: 24 * 3_600_000,
  loginTrustMs: 14 * 24 * 3_600_000,
  /** How far ahead the steps of closing a workshop may be dated; a date so long ago is taken for now. */
  closingAheadMs: 400 * 24 * 3_600_000,
  closingLateMs: 60_000,
  /** A step may be done this much before its date, for clocks that do not agree (workshop's object). */
  closingEarlyMs: 1_000,
  /** A step of it that failed is tried again, doubled up to the longest; what is done is looked at again (object's alarm). */
  closingRetryMs: 2_000,
  closingRetryMaxMs: 10 * 60_000,
  closingAgainMs: 10 * 60_000,
  closingLookMs: 24 * 3_600_000,
  /** What the instructor sets: seats of a workshop, and words for everybody. */
  seats: 10_000,
  announcementBytes: 1_024,
  /** Calls read at once for the export: one page of them is in memory, whatever the class. */
  exportPage: 1_000,
  /** One check of the instructor's check page. */
  checkMs: 5_000,

  /** Calls on one page of the history. */
  callsPerPage: 20,
  callsPerPageMax: 100,

  /** The workshop's object, asked whether a call may begin; after that students on their own key go ahead. */
  workshopMs: 2_000,
  callsPerStudent: 2,
  callsPerWorkshop: 60,
  /** Calls with sound that a student's browsers may ask for (workshop's object). */
  callsPreparedPerMinute: 12,

  /** Money is lent ahead of what may cost it (workshop's object), and is free again after so long without a word. */
  reservationMs: 120_000,
  /** What others hold and have not spent is waited for so long, before a call is told that it is used. */
  fundsPatienceMs: 5_000,
  /** Sound that one reservation of a call covers, beside the next answer. */
  fundedSoundMs: 30_000,
  /** The longest answer on borrowed money: about 45 s of speech with its words. */
  lentAnswerTokens: 1_024,
  /** What a new workshop lends, and what students of no workshop are lent, of the instructor's key. */
  studentAllowanceMicroUsd: 500_000,
  poolMicroUsd: 10_000_000,
  /** The most that may be entered as a limit: $10,000. */
  moneyMaxMicroUsd: 10_000_000_000,
  /** Prices looked up longer ago, and models that end sooner, are warned of. */
  pricesOldMs: 30 * 24 * 3_600_000,
  shutdownSoonMs: 60 * 24 * 3_600_000,

  /** Sockets of `/live`; beyond it the oldest is closed (workshop's object). */
  pagesPerStudent: 5,
  wallsPerWorkshop: 20,
  /** What a page that follows a call, and the instructor's wall, are told is collected for so long (both objects). */
  pagePaceMs: 150,
  wallPaceMs: 250,
  /** Turns whose latency the wall shows. */
  wallLatencies: 12,
  /** A ticket opens one socket once. */
  ticketMs: 30_000,
} as const;
