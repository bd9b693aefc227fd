// Each import is one enhancement of markup that works without it. htmx comes last: if an old browser refuses it, the rest stands.
import "./small";
import "./prefs";
import "./clocks";
import "./count";
import "./forms";
import "./photos";
import "./recorder";
import "./suggest";
import "./inbox";
import "./draft";
import "./outbox";
import "./start";
import "./htmx";
