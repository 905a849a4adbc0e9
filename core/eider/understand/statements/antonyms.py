"""Words that exclude or resemble one another: general knowledge by which two values are told apart.

A category names what a value is a choice of. In `STRICT` ones a statement holds one value whatever its verb
says ("likes dark mode", "likes light mode"); in `CHOICES` only where a choice is stated ("uses", "prefers").
Words are kept in the form `eider.understand.statements.terms.canon` gives them.
"""

from __future__ import annotations

from typing import Final

_STRICT = """
indentation: tab space
theme: dark light
length: short long
quotes: single double
formality: formal informal
tense: past present imperative
spelling: british american
seat: aisle window
units: metric imperial
switch: on off
state: enable disable
order: before after
rank: first last
visibility: public private
side: left right
warmth: hot cold warm
timing: early late
merging: squash rebase
form: bullet paragraph prose table
level: debug info warn error trace
frequency: day week month year hour fortnight quarter
handedness: lefthand righthand
concurrency: sync async
milk: black milk
smoking: smoker nonsmoker
presence: remote onsite hybrid
cost: cheap expensive
noise: quiet loud
speed: fast slow
clock: 12h 24h
zone: utc local cet cest gmt bst pst jst pacific
temperature: celsius fahrenheit
daypart: morning afternoon evening night
relationship: engaged married divorced widowed
monitor: portrait landscape
posture: sitting standing
end: opt-in opt-out
address: du sie tu vous usted
""".strip()
_CHOICES = """
editor: vim neovim emacs vscode helix zed nano sublime intellij pycharm notepad kakoune cursor webstorm rider
shell: bash zsh fish nushell powershell
os: linux macos window ubuntu debian fedora nixos arch
browser: firefox chrome safari edge brave vivaldi opera
packages: npm pnpm yarn bun pip uv poetry conda pipenv cargo
tests: pytest unittest nose jest vitest mocha cypress playwright selenium rspec junit
ci: jenkins buildkite circleci travis teamcity drone woodpecker
cloud: aws azure gcp heroku hetzner render vercel netlify
database: mysql postgresql sqlite mongodb mariadb oracle cockroachdb dynamodb cassandra clickhouse bigquery snowflake
formatter: black ruff yapf prettier biome
linter: flake8 pylint eslint
casing: snake_case camelcase pascalcase kebab-case
drink: tea coffee espresso beer wine water juice cocoa matcha
transport: train plane car bus bike ferry fly
channel: email phone chat slack teams discord letter
diet: vegetarian vegan pescatarian omnivore
markup: markdown html latex asciidoc rst
serialisation: json yaml toml xml csv
airline: lufthansa finnair tap klm ryanair easyjet iberia delta
chat: mattermost zulip
frontend: react vue svelte angular solid
webserver: nginx caddy apache traefik
bundler: webpack vite rollup parcel esbuild turbopack
tracker: jira linear trello asana shortcut notion
forge: github gitlab bitbucket gitea codeberg
broker: kafka rabbitmq nats pulsar activemq sqs
monitoring: datadog grafana prometheus newrelic dynatrace
provisioning: terraform pulumi ansible puppet
container: docker podman
search: elasticsearch opensearch solr meilisearch algolia
cache: memcached redis valkey
car: volvo fiat toyota honda ford tesla bmw audi skoda renault peugeot hyundai mazda
handset: iphone pixel fairphone galaxy android
laptop: thinkpad macbook framework xps
backend: django flask fastapi rails laravel express spring
music: spotify tidal deezer
workplace: home office
""".strip()
_LANGUAGES = (
    "english german french spanish chinese mandarin italian portuguese dutch danish swedish norwegian finnish polish"
    " czech japanese korean russian ukrainian arabic hebrew hindi turkish greek welsh catalan basque estonian"
)
_COLOURS = "red green blue yellow orange purple black white grey pink brown teal turquoise violet beige"


def _table(lines: str) -> dict[str, str]:
    pairs = (line.split(": ", 1) for line in lines.splitlines())
    return {word: name for name, members in pairs for word in members.split()}


STRICT: Final = _table(_STRICT)
CHOICES: Final = {
    **_table(_CHOICES),
    **dict.fromkeys(_LANGUAGES.split(), "language"),
    **{word: "colour" for word in _COLOURS.split() if word != "black"},
}

MEAT: Final = frozenset("meat steak beef pork chicken bacon ham sausage burger lamb salami turkey veal".split())
FISH: Final = frozenset("fish salmon tuna shrimp prawn cod sushi anchovy".split())
DAIRY: Final = frozenset("milk cheese butter yogurt cream egg honey".split())
ALCOHOL: Final = frozenset("wine beer whisky whiskey gin vodka rum cocktail champagne cider prosecco".split())
SIBLINGS: Final = frozenset("brother sister twin sibling".split())
CHILDREN: Final = frozenset("son daughter child kid".split())
PETS: Final = frozenset("cat dog rabbit hamster parrot puppy kitten".split())
RELATIONSHIP: Final[dict[str, str]] = dict.fromkeys(
    "single date engaged married divorced widowed marry divorce".split(), "relationship"
)
"""What a person is one of at a time; "single" is also said of quotes, so these are compared for people only."""
DENIED: Final[tuple[tuple[frozenset[str], frozenset[str]], ...]] = (
    (frozenset({"vegetarian"}), MEAT | FISH),
    (frozenset({"vegan"}), MEAT | FISH | DAIRY),
    (frozenset({"pescatarian"}), MEAT),
    (frozenset({"teetotal", "teetotaller", "teetotaler"}), ALCOHOL | {"alcohol"}),
    (frozenset({"onlychild"}), SIBLINGS),
    (frozenset({"gluten", "celiac", "coeliac"}), frozenset({"bread", "pasta", "wheat", "pizza"})),
    (frozenset({"lactose"}), DAIRY - {"egg", "honey"}),
)
"""What somebody is, and what they then do not eat."""
WITHOUT: Final[tuple[tuple[frozenset[str], frozenset[str]], ...]] = (
    (frozenset({"alcohol", "drink"}), ALCOHOL | {"alcohol"}),
    (frozenset({"coffee", "drink"}), frozenset({"coffee", "espresso", "cappuccino", "latte", "cortado"})),
    (frozenset({"meat"}), MEAT),
    (frozenset({"dairy"}), DAIRY),
    (frozenset({"sibling"}), SIBLINGS),
    (frozenset({"child", "kid"}), CHILDREN),
    (frozenset({"pet"}), PETS),
    (frozenset({"car"}), frozenset({"car"})),
)
"""What a denial names, and what then cannot be had."""

LASTING: Final = frozenset(
    "birthday birthplace birth born grow raise bloodtype native maiden mothertongue birthdate hometown ancestry".split()
)
"""Attributes that do not change: two values mean that one was wrong."""
VITAL: Final = frozenset(
    "allergic allergy intolerant diabetic epileptic asthma celiac coeliac pregnant pacemaker".split()
)
"""Where a flat denial may be a slip that harms: a person decides."""
RELATIVES: Final = frozenset(
    "wife husband partner spouse girlfriend boyfriend fiancé fiancée mother father parent brother sister son daughter"
    " child grandmother grandfather aunt uncle cousin nephew niece friend colleague coworker teammate manager boss"
    " neighbour neighbor roommate flatmate landlord client customer intern assistant dog cat lead mentor therapist"
    " doctor dentist team company boss kollege kollegin schwester bruder mutter vater frau mann chef chefin freund"
    " freundin sœur frère mère père collègue femme mari patron hermana hermano madre padre mujer marido jefe jefa"
    " compañero compañera amigo amiga in-law mum mom dad stepfather stepmother godmother twin professor supervisor"
    " tochter sohn fille fils hija hijo amie ami".split()
)
"""People (and animals) by whom a sentence is about somebody else than its speaker."""
