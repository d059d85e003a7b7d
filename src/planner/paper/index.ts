/** The paper as data: its statements, what does each here, what shows it; and the pages made from that. */
export { figure1Legend, figure1Markdown } from "./figure-1-page.ts";
export { paperMarkdown } from "./paper-page.ts";
