/* How units and numbers are written: as labels.py writes them, so that a map looks the same in a browser. */

const BLANKS = { " ": "␣", "\t": "⇥", "\n": "↵", "\u00a0": "⍽" };
const UNSEEN = /^[\p{C}\p{Z}\u115f\u1160\u3164\uffa0\u2800]$/u; // no character, none to be seen, or one that only spaces
const MARK = /^\p{M}$/u;
const MOST_MARKS = 6; // more on one letter than any script stacks
const RIGHT_TO_LEFT =
  /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
// The letters that stand alone for the conjoining jamo from U+1100 on; a dot where there is none to be seen.
const STANDING =
  "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎᄓㅥㅦᄖᄗᄘᄙㅀᄛㅮㅱㅲᄟㅳㅄㅴㅵᄤᄥᄦㅶᄨㅷᄪㅸㅹㅺㅻㅼᄰᄱㅽᄳᄴᄵㅾᄷᄸᄹᄺᄻᄼᄽᄾᄿ" +
  "ㅿᅁᅂᅃᅄᅅᅆㆀᅈᅉᅊᅋㆁᅍᅎᅏᅐᅑᅒᅓᅔᅕᅖㆄㆅㆆᅚㅧㄵㄶᅞ..ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣᅶᅷᅸᅹᅺᅻᅼᅽᅾᅿ" +
  "ᆀᆁᆂᆃㆇㆈᆆᆇㆉᆉᆊᆋᆌᆍᆎᆏᆐㆊㆋᆓㆌᆕᆖᆗᆘᆙᆚᆛᆜᆝㆍᆟᆠᆡᆢᆣᆤᆥᆦᆧㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋ" +
  "ㅌㅍㅎᇃᇄᇅㅦㅧㅨᇉᇊᇋㅩᇍㅪᇏᇐᇑᇒㅫᇔᇕᇖㅬᇘㅭᇚᇛㅮㅯᇞㅰᇠᇡㅱᇣᇤᇥㅸㅺㅼᇩㅽㅿᇬᇭㆀᇯㆁㆂㆃᇳㆄᇵᇶᇷᇸㆆᇺᇻᇼᇽᇾㅥ";

const UNMEASURED = { en: ["not known", "under 0.0001 %"], ko: ["알 수 없음", "0.0001 % 미만"] };

/** The unit as a label: blanks as signs; what is no character, or none to be seen, by its number. */
export function visible(unit) {
  const characters = [...unit.normalize("NFC")];
  if (!characters.length) return "∅";
  const standing = characters.length === 1 ? (STANDING[characters[0].codePointAt(0) - 0x1100] ?? ".") : ".";
  if (standing !== ".") return standing;
  let shown = MARK.test(characters[0]) ? "◌" : "", marks = 0;
  characters.forEach((character, at) => {
    marks = MARK.test(character) ? marks + 1 : 0;
    if (marks === MOST_MARKS + 1) shown += "…";
    if (marks > MOST_MARKS) return;
    // A joiner inside a Persian letter or an emoji changes its shape.
    shown += at && /[\u200c\u200d]/.test(character) ? character : (BLANKS[character] ?? escaped(character));
  });
  return shown;
}

function escaped(character) {
  if (!UNSEEN.test(character)) return character;
  const code = character.codePointAt(0).toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
}

/** A title, or the name of a part of a picture: as `visible`, but with its spaces. */
export function visibleText(text) {
  return text.split(" ").filter(Boolean).map(visible).join(" ");
}

/** A share as people read it, however small. */
export function percent(share, language = "en") {
  const hundredths = 100 * share, [unknown, little] = UNMEASURED[language] ?? UNMEASURED.en;
  if (!Number.isFinite(share)) return unknown;
  if (hundredths >= 99.95 || hundredths === 0) return `${Math.round(hundredths)} %`;
  if (hundredths >= 1) return `${hundredths.toFixed(1)} %`;
  return hundredths >= 0.0001 ? `${Number(hundredths.toPrecision(2))} %` : little;
}

/** A number with two decimals; a small one with two digits that say something. */
export function amount(number) {
  if (number >= 0.1 || number === 0) return number.toFixed(2);
  return number.toLocaleString("en", { maximumSignificantDigits: 2 });
}

/** Whether a line of text runs from right to left: its first letter says so. */
export function isRightToLeft(text) {
  return RIGHT_TO_LEFT.test(text);
}

/** A label within a sentence: isolated, or a right-to-left unit turns the sentence around. */
export function quoted(label) {
  return `“\u2068${label}\u2069”`;
}
