import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** WCAG asks for 24 at the least; a thumb wants this. */
const TARGET_PX = 44;

interface AxeFinding {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

/** What axe finds wrong with the page as it is, a line each: rule, element, reason. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Given to the debugger, not to the page: its policy allows no foreign script.
  await page.evaluate(AXE);
  const findings: readonly AxeFinding[] = await page.evaluate(async (values) => {
    const axe = Reflect.get(globalThis, "axe");
    const { violations } = await axe.run(document, {
      runOnly: { type: "tag", values },
      rules: { "target-size": { enabled: true } },
      resultTypes: ["violations"],
    });
    return violations;
  }, TAGS);
  return findings.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary = "" }) => `${id}: ${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ")}`,
    ),
  );
}

/** Elements that reach out of the screen to the side, when the page can be scrolled there. */
export function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth } = document.scrollingElement ?? document.documentElement;
    if (scrollWidth <= innerWidth) return [];
    const wide = [...document.querySelectorAll("body *")].filter(
      (element) => element.getBoundingClientRect().right > innerWidth + 0.5,
    );
    return [
      `${scrollWidth} of ${innerWidth} px`,
      ...wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 120)),
    ];
  });
}

/** Buttons, tabs and the like that are too small for a thumb. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((leastPx) => {
    const targets = [...document.querySelectorAll<HTMLElement>("button, select, summary, [role=button], [role=tab]")];
    const seen = targets.filter((target) => target.checkVisibility({ visibilityProperty: true }));
    return seen.flatMap((target) => {
      const { width, height } = target.getBoundingClientRect();
      const isSmall = width < leastPx - 0.5 || height < leastPx - 0.5;
      return isSmall ? [`${target.innerText || target.outerHTML.slice(0, 80)}: ${width} × ${height}`] : [];
    });
  }, TARGET_PX);
}

/** Animations and transitions that run by themselves. */
export function animations(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    document.getAnimations().flatMap((animation) => {
      const { effect } = animation;
      const isSeen = animation.playState === "running" && Number(effect?.getComputedTiming().activeDuration) > 10;
      const target = effect instanceof KeyframeEffect ? effect.target : null;
      return isSeen ? [target?.outerHTML.slice(0, 120) ?? "of nothing"] : [];
    }),
  );
}

/** Everything of the above that is wrong with the page at this moment. */
export async function flawsOf(page: Page): Promise<string[]> {
  // What is out of sight and not drawn for that has no colours and sizes to look at.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { content-visibility: visible !important }");
    document.adoptedStyleSheets = [sheet];
  });
  return [...(await axeFindings(page)), ...(await sideways(page)), ...(await smallTargets(page))];
}
