"""200 prompts as people write them, each with the thing that must be in the picture. Written before the extras' second
training and held out from it: no script learns from them, measure.py asks them.
"""
PROMPTS = """
my dog: dog | a cute puppy: dog | a sleepy cat: cat | black kitten: black cat | a little white rabbit: rabbit | brown horse running: horse
a cow in a field: cow | pink pig: pig | a flock of sheep: ewe | rooster in the morning: rooster | a mother hen: chicken | baby duck: duck
a big elephant: elephant | tall giraffe: giraffe | a zebra in the savanna: zebra | lion king of the jungle: lion | a tiger in the grass: tiger | brown bear: bear
a panda eating bamboo: panda | koala in a tree: koala | a fox in the snow: fox | wolf howling: wolf | wise old owl: owl | a penguin on ice: penguin
a shark in the ocean: shark | blue whale: whale | happy dolphin: dolphin | red crab on the beach: crab | an octopus with eight arms: octopus | sea turtle: turtle
green frog: frog | a snail on a leaf: snail | a butterfly in the garden: butterfly | busy bee: honeybee | red ladybug: lady beetle | a spider: spider
a shiny red apple: red apple | a green apple: green apple | ripe banana: banana | bunch of grapes: grapes | a slice of watermelon: watermelon | fresh strawberry: strawberry
a sour lemon: lemon | juicy peach: peach | pineapple on the beach: pineapple | two cherries: cherries | a tomato from the garden: tomato | an orange carrot: carrot
a slice of pizza: pizza | cheeseburger: hamburger | hot dog with mustard: hot dog | french fries: french fries | a taco: taco | bowl of spaghetti: spaghetti
a piece of sushi: sushi | fresh bread: bread | a croissant for breakfast: croissant | pancakes with syrup: pancakes | chocolate donut: doughnut | a chocolate chip cookie: cookie
birthday cake with candles: birthday cake | strawberry ice cream: ice cream | a cupcake: cupcake | a bar of chocolate: chocolate bar | lollipop: lollipop | popcorn at the movies: popcorn
a cup of coffee on the table: hot beverage | a hot coffee: hot beverage | glass of red wine: wine glass | a cold beer: beer mug | glass of milk: glass of milk | a teapot: teapot
a red car on the road: automobile | yellow taxi in the city: taxi | a police car: police car | an ambulance: ambulance | red fire truck: fire engine | school bus: bus
a green tractor in a field: tractor | a fast racing car: racing car | motorcycle: motorcycle | my new bicycle: bicycle | a steam train: locomotive | a sailboat on the sea: sailboat
an airplane in the sky: airplane | helicopter above the city: helicopter | a rocket flying to the moon: rocket | a flying saucer at night: flying saucer | a speedboat: speedboat | a big ship: ship
a hot cup of tea: teacup without handle | a small house in the mountains: house | an old castle: castle | a church: church | skyscraper: office building | tent in the forest: tent
a pine tree in the snow: evergreen tree | a big oak tree: deciduous tree | palm tree on the beach: palm tree | a cactus in the desert: cactus | a red rose: rose | yellow sunflower: sunflower
pink tulip: tulip | a bouquet of flowers: bouquet | a four leaf clover: four leaf clover | red mushroom: mushroom | an autumn leaf: fallen leaf | a potted plant in a room: potted plant
the full moon: full moon | a crescent moon: crescent moon | the sun: sun | a yellow star: star | a rainbow: rainbow | white cloud: cloud
a lightning bolt: high voltage | a snowflake: snowflake | snowman with a hat: snowman | a volcano: volcano | campfire: fire | the earth from space: globe showing europe-africa
my laptop: laptop | a smartphone: mobile phone | old television: television | a camera: camera | a pair of headphones: headphone | an alarm clock: alarm clock
a light bulb: light bulb | a candle: candle | a pair of scissors: scissors | a hammer: hammer | a wrench: wrench | a screwdriver: screwdriver
a golden key: key | an open book: open book | a stack of books: books | a pencil: pencil | a paint brush: paintbrush | an artist's palette: artist palette
a red umbrella: umbrella | sunglasses on the beach: sunglasses | a black top hat: top hat | a gold crown: crown | blue jeans: jeans | a white t-shirt: t-shirt
a pair of sneakers: running shoe | high heels: high-heeled shoe | a warm scarf: scarf | a backpack for school: backpack | a suitcase: luggage | a leather handbag: handbag
an acoustic guitar: guitar | a violin: violin | a trumpet: trumpet | a drum: drum | a grand piano: musical keyboard | a microphone: microphone
a soccer ball on grass: soccer ball | basketball: basketball | a baseball: baseball | tennis racket: tennis | a gold trophy: trophy | a skateboard: skateboard
a robot: robot | a friendly ghost: ghost | green alien: alien | a purple unicorn: unicorn | a fire breathing dragon: dragon | a t-rex dinosaur: t-rex
an astronaut in space: astronaut | a wizard with a magic wand: mage | a little fairy: fairy | a mermaid in the sea: mermaid | santa claus: santa claus | a princess: princess
a smiling face: smiling face | a sad crying face: crying face | an angry face: angry face | a red heart: red heart | a diamond ring: ring | a teddy bear: teddy bear
a red balloon: balloon | a birthday present: wrapped gift | a halloween pumpkin: jack-o-lantern | a christmas tree: christmas tree | fireworks at night: fireworks | a kite in the sky: kite
an hourglass: hourglass done | a treasure map: world map | a magnet: magnet | a chair: chair | a bathtub: bathtub | a toilet: toilet
a magnifying glass: magnifying glass tilted left | a telescope: telescope | a kangaroo with its baby: kangaroo | a wooden door: door | a shopping cart: shopping cart | a bed in a room: bed
a camel in the desert: camel | a pair of gloves: gloves
"""
PROMPTS = [tuple(part.strip() for part in line.rsplit(":", 1)) for line in PROMPTS.replace("\n", "|").split("|") if line.strip()]
